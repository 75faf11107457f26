#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The tables printed from the code are up to date.
exec tools/docs.sh "${B:-build}" --check
