#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The VM bench fails what it must fail: see tests/vm/bench-failures.
exec "$(dirname "$0")/vm/bench-failures" "$@"
