#!/bin/sh
# netns.sh KIND COMMAND...: runs COMMAND in network and mount namespaces of its own.
#   lo    loopback alone, with ::1 localhost first in /etc/hosts
#   veth  also an interface v0 (192.0.2.2/24, 2001:db8::2/64) whose neighbour 192.0.2.1 swallows everything, routes that
#         refuse, and no default route
#   dns   as veth, and a resolver at 127.0.0.1 (the caller decides whether anybody listens there)
if [ "$1" != --inside ]; then
    exec unshare -rnm "$0" --inside "$@"
fi
set -e
shift
kind=$1
shift
file=$(mktemp)
chmod 644 "$file"
printf '::1 localhost\n127.0.0.1 localhost\n127.0.0.5 five\n::1 six\n127.0.0.1 both\n::1 both\n' > "$file"
mount --bind "$file" /etc/hosts
rm "$file"
ip link set lo up
ip route add 224.0.0.0/4 dev lo
case $kind in
veth | dns)
    ip link add v0 type veth peer name v1
    sysctl -qw net.ipv6.conf.v0.accept_dad=0 || true
    ip addr add 192.0.2.2/24 dev v0
    ip -6 addr add 2001:db8::2/64 dev v0 nodad
    ip link set v0 up
    ip link set v1 up
    ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:09 dev v0 nud permanent
    ip route add unreachable 198.51.100.0/24
    ip route add prohibit 203.0.113.0/24
    sysctl -qw net.ipv4.tcp_syn_retries=1
    ;;
esac
if [ "$kind" = dns ]; then
    file=$(mktemp)
    chmod 644 "$file"
    printf 'nameserver 127.0.0.1\noptions timeout:2 attempts:1\n' > "$file"
    mount --bind "$file" /etc/resolv.conf
    rm "$file"
fi
exec "$@"
