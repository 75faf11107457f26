#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The migrations compiled into the ledger are the files of schema/sql, statement by statement.
# Without an argument: compare, and fail when they differ.  With --update: write migrations.c anew.
set -eu
cd "$(dirname "$0")/../.."
table=broker/store/migrations.c
made=$(mktemp)
trap 'rm -f "$made"' EXIT

{
    echo '/* SPDX-License-Identifier: Apache-2.0 */'
    echo '/* migrations.c - see migrations.h.  Made from schema/sql by test/lint/migrations.sh. */'
    echo '#include "broker/store/migrations.h"'
    echo
    for file in schema/sql/*.sql; do
        name=$(basename "$file" .sql)
        printf 'static const char *const sql_%s[] = {\n' "$name"
        # One array element per statement; comment lines and empty lines are left out.
        awk '/^--/ || /^[[:space:]]*$/ { next }
             { if (/["\\]/) { print "a quote or backslash: " $0 > "/dev/stderr"; exit 1 }
               printf "    \"%s%s\"%s\n", $0, (/;$/ ? "" : "\\n"), (/;$/ ? "," : "") }' "$file"
        printf '    NULL,\n};\n\n'
    done
    echo 'static const struct migration table[] = {'
    for file in schema/sql/*.sql; do
        name=$(basename "$file" .sql)
        printf '    {%d, "%s", sql_%s},\n' "$(echo "${name%%_*}" | sed 's/^0*//')" "$name" "$name"
    done
    echo '};'
    echo
    printf 'const struct migration *\nmigrations(size_t *n)\n{\n'
    printf '    *n = sizeof table / sizeof table[0];\n    return table;\n}\n'
} | clang-format --style=file --assume-filename="$table" > "$made"

if [ "${1:-}" = --update ]; then
    cp "$made" "$table"
elif ! diff -u "$table" "$made"; then
    echo "$table differs from schema/sql; run test/lint/migrations.sh --update" >&2
    exit 1
fi
