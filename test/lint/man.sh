#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Manual pages: every one formats without a warning; every command that the program lists is in countersign(1), every option of
# countersignd in countersignd(8), and every member of the configuration in countersign.conf(5).
set -u
B=${B:-build}
bad=0
miss() { echo "man: $*"; bad=1; }

for page in docs/man/*.[1-8]; do
    [ -z "$(groff -man -Tutf8 -ww -z "$page" 2>&1)" ] || { groff -man -Tutf8 -ww -z "$page"; miss "$page has warnings"; }
    grep -q '^\.SH NAME' "$page" || miss "$page has no NAME"
done

# Escapes of roff undone: \- is a hyphen, \fB and friends are nothing.
text() { sed -E 's/\\-/-/g; s/\\f[A-Z]//g; s/\\&//g' "$1"; }

commands=$("$B/countersign" --help 2>&1 | awk '/^ +[a-z][a-z-]+  / { print $1 }' | sort -u)
[ -n "$commands" ] || miss 'countersign --help lists no commands'
for c in $commands; do
    text docs/man/countersign.1 | grep -qE "(^|[^a-z-])$c([^a-z-]|$)" || miss "countersign.1 does not mention '$c'"
done
options=$("$B/countersignd" --help 2>&1 | grep -oE -e '--[a-z-]+' | sort -u)
[ -n "$options" ] || miss 'countersignd --help lists no options'
for o in $options; do
    text docs/man/countersignd.8 | grep -qF -e "$o" || miss "countersignd.8 does not mention '$o'"
done
members=$(sed -n '/^## Configuration/,$p' docs/API.md | grep -oE '"[a-z_0-9]+":' | tr -d '":' | sort -u)
[ -n "$members" ] || miss 'docs/API.md shows no configuration'
for m in $members; do
    case $m in kty | crv | x | y) continue ;; esac
    text docs/man/countersign.conf.5 | grep -qwF -e "$m" || miss "countersign.conf.5 does not mention '$m'"
done
exit $bad
