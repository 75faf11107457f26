#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every header compiles alone, and twice.
set -u
WARN=$(make -s --no-print-directory print-WARN)
bad=0 n=0
for h in $(find attest broker certs clients common test tools -name '*.h' | sort); do
    n=$((n + 1))
    # shellcheck disable=SC2086 # a list of flags
    printf '#include "%s"\n#include "%s"\nint headers_alone;\n' "$h" "$h" |
        gcc -std=c17 -D_GNU_SOURCE -I. $WARN -fsyntax-only -x c - || { echo "$h does not compile alone"; bad=1; }
done
echo "headers: $n"
[ $n -gt 0 ] && exit $bad
