#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gcc's -fanalyzer, and every warning of the Makefile, over all code; then clang's warnings.
set -u
STD='-std=c17 -D_GNU_SOURCE -I.'
WARN=$(make -s --no-print-directory print-WARN)
GCCW=$(make -s --no-print-directory print-GCCW)
CLANGW=$(make -s --no-print-directory print-CLANGW)
files=$(find attest broker clients common test tools -name '*.c' | sort)
bad=0
# Lists of words are split on purpose.
# shellcheck disable=SC2086
{
    tools/cached.py analyzer Makefile $files -- \
        gcc $STD $WARN $GCCW -O2 -fanalyzer -c {} -o /dev/null || bad=1
    tools/cached.py clang Makefile $files -- clang $STD $WARN $CLANGW -O1 -c {} -o /dev/null || bad=1
}
exit $bad
