#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C file is as clang-format leaves it.
set -u
find attest broker certs clients common test tools -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run -Werror || {
    echo 'format: run clang-format -i on the files above'
    exit 1
}
