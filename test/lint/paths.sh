#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Nothing in the repository knows the machine it was written on, or who wrote it with what.
set -u
list=$(git ls-files -co --exclude-standard 2>/dev/null) || { echo 'paths: not a git checkout, skipped'; exit 0; }
# shellcheck disable=SC2086 # names without blanks
if grep -nE '/work/|/home/[a-z]|/root/|/tmp/brief|/Users/' $list /dev/null | grep -v '^test/lint/paths.sh:'; then
    echo 'paths: machine paths in the lines above'
    exit 1
fi
# shellcheck disable=SC2086
if grep -nE '\b(TODO|FIXME|XXX|HACK)\b' $list /dev/null | grep -vE '^(test/lint/paths.sh|LICENSE):|#[0-9]+'; then
    echo 'paths: unfinished business in the lines above (STYLE 37)'
    exit 1
fi
