#!/bin/sh
# netns.sh KIND COMMAND...: runs COMMAND in network and mount namespaces of its own.
#   lo    loopback alone, with ::1 localhost first in /etc/hosts
#   veth  also an interface v0 (192.0.2.2/24, 2001:db8::2/64) with a neighbour 192.0.2.1 that drops every packet, prohibited
#         routes, and no default route
#   dns   as veth, and a resolver at 127.0.0.1, which the caller may or may not start
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
    for scope in all default; do
        echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad
        echo 0 > /proc/sys/net/ipv6/conf/$scope/dad_transmits
    done
    ip link add v0 type veth peer name v1
    ip addr add 192.0.2.2/24 dev v0
    ip -6 addr add 2001:db8::2/64 dev v0 nodad
    ip link set v0 up
    ip link set v1 up
    ip neigh add 192.0.2.1 lladdr 02:00:00:00:00:09 dev v0 nud permanent
    ip route add unreachable 198.51.100.0/24
    ip route add prohibit 203.0.113.0/24
    echo 1 > /proc/sys/net/ipv4/tcp_syn_retries
    tries=0
    while ip -6 address show tentative | grep -q inet6 && [ $tries -lt 60 ]; do
        sleep 0.05
        tries=$((tries + 1))
    done
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
