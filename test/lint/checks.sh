#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every check id that the tables have is described in schema/checks.md and is the only reason of some bad vector.
set -u
B=${B:-build}
[ -x "$B/checks_md" ] || { echo "checks: no $B/checks_md; run make $B/checks_md"; exit 1; }
bad=0
ids=$("$B/checks_md" --ids) || exit 1
printf '%s\n' "$ids" | sort | uniq -d | sed 's/^/checks: id twice: /' | grep . && bad=1
# The vectors write what they hit; a checkout that was never checked has not run them yet.
if [ ! -f "$B/vectors/hit.txt" ] || [ -n "$(find "$B/countersign" -newer "$B/vectors/hit.txt")" ]; then
    COUNTERSIGN_BUILD=$(cd "$B" && pwd) PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 test/vectors/run.py ||
        { echo 'checks: the vectors fail'; exit 1; }
fi
for id in $ids; do
    grep -qF "| \`$id\` |" schema/checks.md || { echo "checks: $id is not described in schema/checks.md"; bad=1; }
    grep -qxF "$id" "$B/vectors/hit.txt" || { echo "checks: no vector is refused by $id alone"; bad=1; }
done
while read -r id; do
    printf '%s\n' "$ids" | grep -qxF "$id" || { echo "checks: $id is reported and in no table"; bad=1; }
done < "$B/vectors/hit.txt"
exit $bad
