#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Documents keep their word: every test that docs/THREATS.md names exists, and so does every file that a document links to or names.
# shellcheck disable=SC2016 # backquotes of Markdown
set -u
bad=0
miss() { echo "threats: $*"; bad=1; }

# `test_x.py::name`, and `::name` of the file named before it; a star stands for the rest.
last=
for ref in $(grep -oE '`(test_[a-z_]+\.py)?::[a-z_0-9]+\*?`|`test_[a-z_]+\.py`' docs/THREATS.md | tr -d '`'); do
    file=${ref%%::*}
    name=${ref#*::}
    [ -n "$file" ] && last=$file
    [ -f "test/api/$last" ] || { miss "test/api/$last does not exist"; continue; }
    case $ref in *::*) ;; *) continue ;; esac
    case $name in
    *'*') grep -q "^def ${name%\*}" "test/api/$last" || miss "$last has no test $name" ;;
    *) grep -q "^def $name(" "test/api/$last" || miss "$last has no test $name" ;;
    esac
done
for doc in README.md docs/*.md docs/adr/*.md; do
    for path in $(grep -oE '`(attest|broker|clients|common|docs|schema|test|tools|certs)/[A-Za-z0-9_./-]+\.(c|h|py|sh|md|sql)`' "$doc" | tr -d '`'); do
        [ -e "$path" ] || miss "$doc names $path, which does not exist"
    done
    for path in $(grep -oE '\]\([A-Za-z0-9_./-]+\)' "$doc" | tr -d '])('); do
        [ -e "$(dirname "$doc")/$path" ] || miss "$doc links to $path, which does not exist"
    done
done
exit $bad
