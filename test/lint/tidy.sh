#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-tidy with the limits of .clang-tidy: 60 lines, 3 levels, 6 parameters, cognitive complexity 15.
set -u
# Names of our files have no blanks (names.sh): splitting is meant.
# shellcheck disable=SC2046
tools/cached.py tidy .clang-tidy,test/.clang-tidy $(find attest broker certs clients common test tools -name '*.c' | sort) -- \
    clang-tidy --quiet {} -- -std=c17 -D_GNU_SOURCE -I.
