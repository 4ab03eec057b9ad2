#!/bin/sh
# netns.sh KIND COMMAND...: runs COMMAND in network and mount namespaces of its own, with one end of an Ethernet link in them.
#   tap    the kernel is 192.0.2.1/24, 2001:db8::1/64 and fe80::1 on tap0; the stack under test attaches to tap0
#   proxy  the same addresses on tap1; proxy.py forwards all frames between tap0 and tap1
# With FAR=veth the other end, tap0's peer v0, is in a namespace of its own, with the addresses of the stack under test: the
# kernel on both sides, which tests the tests themselves. COMMAND finds that namespace by the process FAR_PID.
if [ "$1" != --inside ]; then
    if ! unshare -rnm true 2>/dev/null; then
        echo "FAIL namespaces: unshare -rnm is not allowed here; run as root, or allow user namespaces"
        exit 1
    fi
    if ! [ -w /dev/net/tun ] && [ "${FAR:-tap}" = tap ]; then
        echo "FAIL tap interfaces: /dev/net/tun is not there (modprobe tun), or not for this user"
        exit 1
    fi
    exec unshare -rnm "$0" --inside "$@"
fi
set -e
shift
kind=$1
shift

names() {
    file=$(mktemp)
    chmod 644 "$file"
    printf "$2" > "$file"
    mount --bind "$file" "$1"
    rm "$file"
}
names /etc/hosts '127.0.0.1 localhost\n'
names /etc/resolv.conf 'nameserver 192.0.2.1\noptions timeout:2 attempts:1\n'
ip link set lo up
for scope in all default; do
    echo 0 > /proc/sys/net/ipv6/conf/$scope/accept_dad
    echo 0 > /proc/sys/net/ipv6/conf/$scope/dad_transmits
done

if [ "${FAR:-tap}" = veth ]; then
    unshare -n sleep 1000 &
    FAR_PID=$!
    export FAR_PID
    while [ "$(readlink /proc/$FAR_PID/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
    ip link add tap0 address 02:00:00:00:00:01 type veth peer name v0 address 02:00:00:00:00:02
    ip link set v0 netns $FAR_PID
    far="nsenter -t $FAR_PID -n"
    $far sh -c 'echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/v0/accept_dad'
    $far ip link set lo up
    $far ip addr add 192.0.2.2/24 brd + dev v0
    $far ip addr add 2001:db8::2/64 dev v0 nodad
    $far ip link set v0 up
    $far ip route add default via 192.0.2.1
    $far ip route add 224.0.0.0/4 dev v0
else
    ip tuntap add dev tap0 mode tap
    ip link set tap0 address 02:00:00:00:00:01
fi
ours=tap0
if [ "$kind" = proxy ]; then
    echo 1 > /proc/sys/net/ipv6/conf/tap0/disable_ipv6
    ip link set tap0 up
    ip tuntap add dev tap1 mode tap
    ip link set tap1 address 02:00:00:00:00:11
    ours=tap1
fi
ip link set dev $ours addrgenmode none
ip addr add 192.0.2.1/24 brd + dev $ours
ip link set $ours up
ip -6 addr add 2001:db8::1/64 dev $ours nodad
ip -6 addr add fe80::1/64 dev $ours nodad
ip route add 224.0.0.0/4 dev $ours
exec "$@"
