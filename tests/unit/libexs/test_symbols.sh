#!/usr/bin/env bash
# What the library exports is what its headers declare, no more and no less.
# usage: test_symbols.sh LIBRARY HEADERS
set -euo pipefail

library=$1
headers=$2
if ! command -v nm >/dev/null; then
    echo "skipped: no nm"
    exit 77
fi
declared=$(grep -hoE '\bexs_[a-z_0-9]+\(' "$headers"/*.h | tr -d '(' | sort -u)
exported=$(nm -D --defined-only "$library" | sed -n 's/.* T \([^@]*\).*/\1/p' | grep -v '^__\|^_init\|^_fini' | sort -u)
# Calls in the headers' own examples are of functions that they declare as well.
if ! diff <(echo "$declared") <(echo "$exported"); then
    echo "FAILED: left is declared, right is exported" >&2
    exit 1
fi
echo "passed: $(wc -l <<<"$exported") functions"
