#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run every libFuzzer program of a folder for some seconds, from the corpus in test/corpus; new inputs and findings stay in FOLDER.
#
#   tools/fuzz.sh FOLDER SECONDS
set -u
folder=$1 seconds=$2
passed=0 failed=0
for fuzzer in "$folder"/fuzz_*; do
    case $fuzzer in *.*) continue ;; esac # logs and findings lie beside the programs
    [ -x "$fuzzer" ] || continue
    name=$(basename "$fuzzer")
    seeds=test/corpus/${name#fuzz_}
    mkdir -p "$folder/found/$name"
    if "$fuzzer" -max_total_time="$seconds" -max_len=8192 -timeout=10 -rss_limit_mb=1024 \
        -artifact_prefix="$folder/$name." "$folder/found/$name" "$seeds" > "$folder/$name.log" 2>&1; then
        passed=$((passed + 1))
        printf '  ok   %-24s %s\n' "$name" "$(grep -E '^(Done|#[0-9]+.*DONE)' "$folder/$name.log" | tail -n 1)"
    else
        failed=$((failed + 1))
        printf '  FAIL %-24s (all of it: %s)\n' "$name" "$folder/$name.log"
        tail -n 25 "$folder/$name.log" | sed 's/^/       | /'
    fi
done
echo "$passed passed, $failed failed"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
