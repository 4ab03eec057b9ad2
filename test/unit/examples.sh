#!/bin/sh
# The C examples against each other: examples.sh DIRECTORY-OF-THE-PROGRAMS
set -eu
dir=$1
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

expect() { # arguments: WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"; exit 1; }
}

talk() { # arguments: ADDRESS NAME
    : >"$work/server"
    "$dir/tcp_server" "$1" 0 2 >"$work/server" &
    server=$!
    for _ in $(seq 100); do
        grep -q listening "$work/server" && break
        sleep 0.1
    done
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/server")
    expect "client by address" '1: hello' "$(timeout 30 "$dir/tcp_client" "$1" "$port" hello)"
    expect "client by name" "1: one
2: two" "$(timeout 30 "$dir/tcp_client" "$2" "$port" 'one
two')"
    wait "$server"
    server=
    expect "server" 2 "$(grep -c ': done$' "$work/server")"
}

talk 127.0.0.1 localhost
expect "refused" 1 "$(timeout 30 "$dir/tcp_client" 127.0.0.1 "$port" x 2>"$work/err" || echo $?)"
grep -q 'connection refused (ECONNREFUSED)' "$work/err"
expect "no such name" 1 "$(timeout 60 "$dir/tcp_client" no-such-name.invalid 80 x 2>"$work/err" || echo $?)"
grep -q '(EAI_\|(ETIMEDOUT' "$work/err"

timeout 30 "$dir/udp_pair" >"$work/udp"
grep -q '^b got "what time is it?" from 127.0.0.1:' "$work/udp"
grep -q '^a got "late" from 127.0.0.1:' "$work/udp"
echo "examples: passed"
