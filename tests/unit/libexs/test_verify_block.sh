#!/usr/bin/env bash
# The example on a real block, then on one with a byte changed.
# usage: test_verify_block.sh PROGRAM VECTORS, where EXS_VECTORS names no other folder
set -euo pipefail

program=$1
blocks=${EXS_VECTORS:-$2}/blocks
if [ ! -d "$blocks" ]; then
    echo "skipped: no vectors"
    [ "${EXS_REQUIRE_VECTORS-}" != 1 ] || exit 1
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

block=$blocks/mainnet-300025.raw
spent=$blocks/mainnet-300025-undo.raw
said=$("$program" main 300025 1399703000 "$block" "$spent") || fail "a good block: $said"
[[ $said == "valid ("* ]] || fail "a good block: $said"

cp "$block" "$scratch/block"
# The last bytes are the last transaction's lock time.
printf '\1' | dd of="$scratch/block" bs=1 seek=$(($(stat -c %s "$block") - 4)) conv=notrunc status=none
! said=$("$program" main 300025 1399703000 "$scratch/block" "$spent") || fail "a bad block: $said"
[[ $said == "bad-txnmrklroot ("* ]] || fail "a bad block: $said"
head -c 100 "$spent" >"$scratch/short"
! "$program" main 300025 1399703000 "$block" "$scratch/short" 2>"$scratch/said" || fail "too few outputs"
echo "passed: a block, a changed one, and one without what it spends"
