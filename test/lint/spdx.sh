#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file names its licence in its first three lines.
set -u
bad=$(find attest broker clients common test tools schema certs .ci .githooks -type f \
    \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -name '*.sql' -o -path './.ci/run' -o -path '.githooks/*' -o -path '.ci/*' \) |
    while read -r f; do
        head -n 3 "$f" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$f"
    done)
head -n 1 Makefile | grep -q SPDX || bad="$bad Makefile"
[ -z "$bad" ] || { echo "no SPDX line: $bad"; exit 1; }
