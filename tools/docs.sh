#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Write the tables that are printed from the code: schema/checks.md and schema/routes.md.
#
#   tools/docs.sh BUILD           write them
#   tools/docs.sh BUILD --check   only compare; 1 when one is out of date
set -u
build=$1 mode=${2:-}
bad=0
table() {
    new=$(mktemp) || exit 1
    if ! "$@" > "$new" 2>/dev/null || [ ! -s "$new" ]; then
        echo "docs: '$*' printed nothing"
        bad=1
    elif [ "$mode" = --check ]; then
        diff -u "$target" "$new" || { echo "docs: $target is out of date: make docs"; bad=1; }
    else
        cmp -s "$new" "$target" || { cat "$new" > "$target" && echo "wrote $target"; }
    fi
    rm -f "$new"
}
target=schema/checks.md
table "$build/checks_md"
target=schema/routes.md
table "$build/countersignd" --print routes
exit $bad
