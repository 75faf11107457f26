#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run every benchmark; stdout gets JSON lines and nothing else.  Programs in C and test/bench/bench_*.py (whole-server figures).
#
#   tools/bench.sh BUILD
set -u
COUNTERSIGN_BUILD=$(cd "$1" && pwd) || exit 1
export COUNTERSIGN_BUILD
bad=0
run() {
    out=$(timeout 300 "$@") || { echo "bench: $* failed" >&2; bad=1; return; }
    if printf '%s\n' "$out" | grep -v '^{.*}$' >&2; then
        echo "bench: $* printed something else than JSON lines" >&2
        bad=1
    fi
    printf '%s\n' "$out" | grep '^{.*}$'
}
for src in test/bench/bench_*.c; do
    [ -e "$src" ] && run "$1/bench/$(basename "$src" .c)"
done
for src in test/bench/bench_*.py; do
    [ -e "$src" ] && run /usr/bin/python3 "$src"
done
exit $bad
