#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# gcc's -fanalyzer over the product (in tests it does not know that an assertion ends the function), and the warnings of clang over
# everything; gcc's own are errors in every build.
set -u
STD='-std=c17 -D_GNU_SOURCE -I.'
WARN=$(make -s --no-print-directory print-WARN)
GCCW=$(make -s --no-print-directory print-GCCW)
CLANGW=$(make -s --no-print-directory print-CLANGW)
product=$(find attest broker certs clients common tools -name '*.c' | sort)
files=$(find attest broker certs clients common test tools -name '*.c' | sort)
bad=0
# Lists of words are split on purpose.
# shellcheck disable=SC2086
{
    tools/cached.py analyzer Makefile $product -- \
        gcc $STD $WARN $GCCW -O2 -fanalyzer -c {} -o /dev/null || bad=1
    tools/cached.py clang Makefile $files -- clang $STD $WARN $CLANGW -O1 -c {} -o /dev/null || bad=1
}
exit $bad
