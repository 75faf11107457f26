#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls that invite trouble, in code with comments and strings removed (STYLE 5, 18, 23, 24, 28, 33).
exec /usr/bin/python3 test/lint/banned.py
