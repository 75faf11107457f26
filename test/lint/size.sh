#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file stays under 600 lines and a line of code within 100 columns, as clang-format wraps it; a line of comment, which it leaves
# alone, within 160 (clang-tidy watches the functions).  Names of files have no blanks.
set -u
bad=0
for f in $(find attest broker certs clients common test tools -name '*.[ch]' -o -name '*.py' -o -name '*.sh' | sort); do
    n=$(wc -l < "$f")
    [ "$n" -lt 600 ] || { echo "$f: $n lines"; bad=1; }
done
find attest broker certs clients common test tools -name '*.[ch]' -exec awk '
    length($0) > 160 || (length($0) > 100 && !/^ *(\/\*|\*)/ && !/\/\*.*\*\/$/) {
    print FILENAME ":" FNR ": " length($0) " columns"; bad = 1 } END { exit bad }' {} + || bad=1
find . -path ./.git -prune -o -path ./build -prune -o -name '* *' -print | grep . && { echo 'size: names with blanks'; bad=1; }
exit $bad
