#!/bin/sh
# The C examples against each other: examples.sh DIRECTORY-OF-THE-PROGRAMS [CERTIFICATES]
# With certificates, a directory of tls_certs.py, those with TLS.
set -eu
dir=$1
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT

expect() { # arguments: WHAT EXPECTED ACTUAL
    [ "$2" = "$3" ] || { printf '%s: expected\n%s\ngot\n%s\n' "$1" "$2" "$3"; exit 1; }
}

listening() { # arguments: PROGRAM ADDRESS ARGUMENT...; starts a server
    program=$1 address=$2
    shift 2
    : >"$work/server"
    "$dir/$program" "$address" 0 "$@" >"$work/server" &
    server=$!
    for _ in $(seq 100); do
        grep -q listening "$work/server" && break
        sleep 0.1
    done
    port=$(sed -n 's/^listening on .*:\([0-9]*\)$/\1/p' "$work/server")
}

talk() { # arguments: ADDRESS NAME
    listening tcp_server "$1" 2
    expect "client by address" '1: hello' "$(timeout 30 "$dir/tcp_client" "$1" "$port" hello)"
    expect "client by name" "1: one
2: two" "$(timeout 30 "$dir/tcp_client" "$2" "$port" 'one
two')"
    wait "$server"
    server=
    expect "server" 2 "$(grep -c ': done$' "$work/server")"
}

refused() { # arguments: WHAT FILE-OF-AUTHORITIES HOST TEXT
    expect "$1" 1 "$(SSL_CERT_FILE=$2 timeout 30 "$dir/tls_client" "$3" "$port" x 2>"$work/err" || echo $?)"
    grep -q "$4" "$work/err" || { echo "$1:"; cat "$work/err"; exit 1; }
}

if [ $# -gt 1 ]; then
    listening tls_server 127.0.0.1 "$2/server.chain" "$2/server.key" 3
    expect "TLS client" "1: one
2: two" "$(SSL_CERT_FILE=$2/root.pem timeout 30 "$dir/tls_client" 127.0.0.1 "$port" 'one
two')"
    refused "unknown authority" "$2/other.pem" 127.0.0.1 'unknown authority: .*(ETLS_CERTIFICATE)'
    refused "another name" "$2/root.pem" localhost 'not localhost (ETLS_CERTIFICATE)'
    wait "$server"
    server=
    expect "TLS server" 1 "$(grep -c ': done$' "$work/server")"
    expect "refused clients" 2 "$(grep -c ': refused by the peer: ' "$work/server")"
    expect "another key" 1 "$("$dir/tls_server" 127.0.0.1 0 "$2/server.chain" "$2/rsa.key" >"$work/server" || echo $?)"
    grep -q 'not that of the certificate' "$work/server"
    refused "no server" "$2/root.pem" 127.0.0.1 'connection refused (ECONNREFUSED)'
    echo "examples with TLS: passed"
    exit
fi

talk 127.0.0.1 localhost
expect "refused" 1 "$(timeout 30 "$dir/tcp_client" 127.0.0.1 "$port" x 2>"$work/err" || echo $?)"
grep -q 'connection refused (ECONNREFUSED)' "$work/err"
expect "no such name" 1 "$(timeout 60 "$dir/tcp_client" no-such-name.invalid 80 x 2>"$work/err" || echo $?)"
grep -q '(EAI_\|(ETIMEDOUT' "$work/err"

timeout 30 "$dir/udp_pair" >"$work/udp"
grep -q '^b got "what time is it?" from 127.0.0.1:' "$work/udp"
grep -q '^a got "late" from 127.0.0.1:' "$work/udp"
echo "examples: passed"
