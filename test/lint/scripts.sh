#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shell scripts pass shellcheck, Python files compile.
set -u
find tools test .ci .githooks -name '*.sh' -o -path '.ci/run' -o -path '.githooks/*' -type f | sort | xargs shellcheck || exit 1
find tools test -name '*.py' | sort | while read -r f; do
    /usr/bin/python3 - "$f" <<'P' || exit 1
import ast, sys
ast.parse(open(sys.argv[1], encoding="utf-8").read(), sys.argv[1])
P
done
