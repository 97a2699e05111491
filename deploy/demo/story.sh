# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by demo.sh: what is shown, in its order.

readonly nodes_file=$folder/nodes.yaml
readonly patience=10 # seconds until something awaited counts as failed

# background LOG COMMAND...: $! is its process; it outlives the terminal (--keep).
background() {
    local log=$1
    shift
    setsid "$@" </dev/null >"$log" 2>&1 &
    record_process $!
}

# ---- workers and daemons -----------------------------------------------------

make_workers() {
    local i
    section "Five workers, as network namespaces on one switch"
    add_switch
    add_outside
    printf '%-12s %-14s %s\n' NODE ADDRESS "POD CIDR"
    for i in "${!workers[@]}"; do
        mkdir "$folder/${workers[i]}"
        add_worker "$i"
        start_monitor "${workers[i]}"
        printf '%-12s %-14s %s\n' "${workers[i]}" "${addresses[i]}" "${pod_networks[i]}.0/24"
    done
}

# write_nodes [WITHOUT]: replaced by rename, so that no daemon reads half of it.
write_nodes() {
    local i
    for i in "${!workers[@]}"; do
        [[ ${workers[i]} == "${1-}" ]] ||
            printf -- '- {name: %s, podCIDR: %s.0/24, address: %s}\n' \
                "${workers[i]}" "${pod_networks[i]}" "${addresses[i]}"
    done >"$nodes_file.new"
    mv "$nodes_file.new" "$nodes_file"
}

start_daemon() {
    background "$folder/$1/hostgwd.log" nsenter --net="/run/netns/$prefix$1" -- \
        "$hostgwd" --nodes-file "$nodes_file" --node-name "$1" \
        --net-config-path "$folder/net-conf.json" --subnet-file "$folder/$1/subnet.env" \
        --state-dir "$folder/$1/state" --status-socket "$folder/$1/hostgwd.sock" --ip-masq
}

# has_routes WORKER: one to each of the others, and when the daemon wrote its file.
has_routes() {
    (($(route_events "$1" 1 | wc -l) >= ${#workers[@]} - 1)) && [[ -e $folder/$1/subnet.env ]]
}

# last_event WORKER: when its latest route came.
last_event() {
    local stamp
    stamp=$(route_events "$1" 1 | tail -n 1)
    date -u -d "${stamp%% *}Z" +%s%6N
}

start_daemons() {
    local name start stamp last=0
    section "One hostgwd on each, told of the nodes by a file"
    echo '{"Network": "10.1.0.0/16", "Backend": {"Type": "host-gw"}}' >"$folder/net-conf.json"
    write_nodes
    prompt kubworker1 "cat nodes.yaml"
    cat "$nodes_file"
    prompt kubworker1 "hostgwd --nodes-file nodes.yaml --ip-masq"
    start=$(now_us)
    for name in "${workers[@]}"; do
        start_daemon "$name"
    done
    for name in "${workers[@]}"; do
        if within "$patience" has_routes "$name"; then
            stamp=$(last_event "$name")
            last=$((stamp > last ? stamp : last))
        else
            failed "$name has not got its routes within $patience s; the end of its log:"
            tail -n 5 "$folder/$name/hostgwd.log"
        fi
    done
    ((failures)) ||
        passed "all 20 routes on 5 workers, $(since_ms "$start" "$last") ms after the first start"
}

# ---- one worker --------------------------------------------------------------

# show_ip WORKER ARGUMENT...: `ip` there, with a name for protocol 72 if this machine has
# none. The table of names is mounted over the machine's for this one program only.
show_ip() {
    local worker=$1 table=/etc/iproute2/rt_protos
    shift
    [[ -e $table ]] || table=/usr/share/iproute2/rt_protos
    cat "$table" "$root/deploy/rt_protos.d/hostgwd.conf" >"$folder/rt_protos"
    # shellcheck disable=SC2016  # for the inner shell
    unshare --mount sh -c 'mount --bind "$0" "$1" && shift && exec ip "$@"' \
        "$folder/rt_protos" "$table" -n "$prefix$worker" "$@" | sed 's/ *$//'
}

show_worker() {
    local routes env
    section "What kubworker1 has now"
    prompt kubworker1 "ip route show"
    routes=$(show_ip kubworker1 route show)
    note "$routes"
    prompt kubworker1 "cat /run/flannel/subnet.env"
    env=$(<"$folder/kubworker1/subnet.env")
    note "$env"
    expect "one route to each other worker's pods" "\
default via 192.168.2.254 dev ens192 proto static metric 100
10.1.1.0/24 via 192.168.2.46 dev ens192 proto hostgw
10.1.2.0/24 via 192.168.2.47 dev ens192 proto hostgw
10.1.3.0/24 via 192.168.2.48 dev ens192 proto hostgw
10.1.4.0/24 via 192.168.2.45 dev ens192 proto hostgw
192.168.2.0/24 dev ens192 proto kernel scope link src 192.168.2.44 metric 100" "$routes"
    expect "subnet.env for the CNI plugins" "\
FLANNEL_NETWORK=10.1.0.0/16
FLANNEL_SUBNET=10.1.0.1/24
FLANNEL_MTU=1500
FLANNEL_IPMASQ=true" "$env"
}

# ---- pods --------------------------------------------------------------------

# ping_ms POD ADDRESS: the round trip, or "lost".
ping_ms() {
    local reply
    reply=$(inside "$1" ping -n -c 1 -W 2 "$2" 2>/dev/null | sed -n 's/.*time=\([0-9.]*\).*/\1/p')
    printf '%s\n' "${reply:-lost}"
}

make_pods() {
    local i
    for i in "${!workers[@]}"; do
        add_pod "$i"
    done
}

ping_pairs() {
    local from to ms lost=0
    printf '%-10s' 'ms'
    printf ' %10s' "${pod_networks[@]/%/.10}"
    for from in "${!workers[@]}"; do
        printf '\n%-10s' "${pod_networks[from]}.10"
        for to in "${!workers[@]}"; do
            ms=-
            ((from == to)) || ms=$(ping_ms "pod$((from + 1))" "${pod_networks[to]}.10")
            [[ $ms != lost ]] || lost=$((lost + 1))
            printf ' %10s' "$ms"
        done
    done
    printf '\n'
    expect "every pod reaches every other pod" "0 lost" "$lost lost"
}

show_pods() {
    section "A pod on each worker; every pod pings every other"
    make_pods
    prompt "pod 10.1.0.10" "ping 10.1.4.10 ..."
    ping_pairs
}

show_outside() {
    local i seen
    section "What an outside host sees"
    for i in "${!workers[@]}"; do
        prompt "pod ${pod_networks[i]}.10" "ping -c 1 $internet"
        [[ $(ping_ms "pod$((i + 1))" "$internet") != lost ]] ||
            failed "no answer: the outside host knows no way back to a pod's address"
    done
    prompt outside "who pinged?"
    seen=$(inside outside nft list set ip outside seen | grep -oE '[0-9]+(\.[0-9]+){3}' | sort -V)
    note "$seen"
    expect "nodes' addresses, not pods' (--ip-masq)" "$(printf '%s\n' "${addresses[@]}")" "$seen"
}

# ---- leaving and joining -----------------------------------------------------

# change_nodes NETWORK WITHOUT [Deleted]: how long each worker takes to see it.
change_nodes() {
    local i name start stamp from=()
    for name in "${workers[@]}"; do
        from+=("$(next_line "$name")")
    done
    start=$(now_us)
    write_nodes "$2"
    for i in 0 1 2 3; do
        name=${workers[i]}
        if within "$patience" event_time "$name" "${from[i]}" "$1" "${3-}" >/dev/null; then
            stamp=$(event_time "$name" "${from[i]}" "$1" "${3-}")
            printf '%-12s %8s ms\n' "$name" "$(since_ms "$start" "$stamp")"
        else
            failed "$name: nothing happened to $1 within $patience s"
        fi
    done
}

show_change() {
    section "kubworker5 leaves"
    prompt everywhere "sed -i /kubworker5/d nodes.yaml"
    note "10.1.3.0/24 is gone from"
    change_nodes 10.1.3.0/24 kubworker5 Deleted
    prompt kubworker1 "ip route show 10.1.3.0/24"
    expect "no route to it" "" "$(show_ip kubworker1 route show 10.1.3.0/24)"

    section "kubworker5 joins"
    note "10.1.3.0/24 is back on"
    change_nodes 10.1.3.0/24 ''
    prompt kubworker1 "ip route show 10.1.3.0/24"
    show_ip kubworker1 route show 10.1.3.0/24
    ping_pairs
}

story() {
    make_workers
    start_daemons
    ((failures == 0)) || return 0
    show_worker
    show_pods
    show_outside
    show_change
}
