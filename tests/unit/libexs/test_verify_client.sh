#!/usr/bin/env bash
# The example against a service that is started for it, on a Unix socket and on TCP.
# usage: test_verify_client.sh PROGRAM EXS-VERIFY
set -euo pipefail

program=$1
scratch=$(mktemp -d)
"$2" --socket="$scratch/socket" --listen=0 --threads=1 2>"$scratch/log" &
service=$!
trap 'kill "$service" 2>/dev/null || true; rm -rf "$scratch"' EXIT

fail() {
    echo "FAILED: $*" >&2
    cat "$scratch/log" >&2
    exit 1
}

for ((tries = 600 * ${EXS_TEST_PATIENCE:-1}; ; tries--)); do
    ! grep -q "serves with" "$scratch/log" || break
    kill -0 "$service" 2>/dev/null || fail "the service has ended"
    [ "$tries" -gt 0 ] || fail "the service does not begin"
    sleep 0.1
done
port=$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$scratch/log")
for address in "$scratch/socket" "127.0.0.1:$port"; do
    "$program" "$address" >"$scratch/said" || fail "$address: $(cat "$scratch/said")"
    [ "$(wc -l <"$scratch/said")" -eq 4 ] || fail "$address: $(cat "$scratch/said")"
done
! "$program" "$scratch/none" 2>/dev/null || fail "nobody answers there"
kill "$service"
wait "$service" || fail "its end"
