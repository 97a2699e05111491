# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by demo.sh: five workers on one switch, each in a network namespace of
# its own, a pod behind each, and an outside host that knows nothing of pods.
# All links are made inside the namespaces; the host's own network stays as it is.

readonly prefix=hostgwdemo-
readonly workers=(kubworker1 kubworker2 kubworker3 kubworker4 kubworker5)
readonly addresses=(192.168.2.44 192.168.2.45 192.168.2.46 192.168.2.47 192.168.2.48)
readonly pod_networks=(10.1.0 10.1.4 10.1.1 10.1.2 10.1.3) # each a /24
readonly router=192.168.2.254 internet=192.0.2.1

# inside NAME COMMAND...: unlike `ip netns exec` this leaves /sys as it is, and is quick.
inside() {
    local name=$1
    shift
    nsenter --net="/run/netns/$prefix$name" -- "$@"
}

# ip_in NAME COMMAND...: several commands of `ip`, each one argument.
ip_in() {
    local name=$1
    shift
    printf '%s\n' "$@" | ip -n "$prefix$name" -batch -
}

# A new namespace may have inherited the host's settings: rp_filter is not what
# is shown here, and a bridge is not to send packets through netfilter.
set_sysctls() {
    # shellcheck disable=SC2016  # for the inner shell
    inside "$1" bash -c 'cd /proc/sys/net
        for file in ipv4/conf/{all,default}/rp_filter; do echo 0 >$file; done
        [[ ! -e bridge/bridge-nf-call-iptables ]] || echo 0 >bridge/bridge-nf-call-iptables
        echo "$0" >ipv4/ip_forward' "$2"
}

# add_namespace NAME FORWARD
add_namespace() {
    record_namespace "$prefix$1"
    # Also enters it, which takes more rights than making it.
    { ip netns add "$prefix$1" && ip_in "$1" "link set lo up"; } ||
        die "cannot make and enter network namespaces here; a container must be privileged"
    set_sysctls "$1" "$2"
}

add_switch() {
    add_namespace switch 0
    ip_in switch "link add br0 type bridge" "link set br0 up"
}

# plug NAME ADDRESS [OPTIONS]: a cable from the switch to the namespace's interface ens192.
plug() {
    ip_in switch "link add $1 type veth peer name ens192 netns $prefix$1" \
        "link set $1 master br0 up"
    ip_in "$1" "address add $2/24 dev ens192 ${3-}" "link set ens192 up"
}

# Answers pings to the internet's address, and notes who asked.
add_outside() {
    add_namespace outside 0
    plug outside "$router"
    ip_in outside "address add $internet/32 dev lo"
    inside outside nft '
        table ip outside {
            set seen { type ipv4_addr; flags dynamic; size 64; }
            chain input {
                type filter hook input priority 0;
                icmp type echo-request add @seen { ip saddr }
            }
        }'
}

# add_worker INDEX
add_worker() {
    local name=${workers[$1]}
    add_namespace "$name" 1
    plug "$name" "${addresses[$1]}" "metric 100"
    ip_in "$name" "route add default via $router dev ens192 proto static metric 100"
}

# add_pod INDEX: what kubelet and the bridge plugin do for the first pod of a node.
add_pod() {
    local pod=pod$(($1 + 1)) network=${pod_networks[$1]}
    add_namespace "$pod" 0
    ip_in "${workers[$1]}" \
        "link add cni0 type bridge" \
        "address add $network.1/24 dev cni0" \
        "link add veth0 type veth peer name eth0 netns $prefix$pod" \
        "link set veth0 master cni0 up" \
        "link set cni0 up"
    ip_in "$pod" "address add $network.10/24 dev eth0" "link set eth0 up" \
        "route add default via $network.1"
}
