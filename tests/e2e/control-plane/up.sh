# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by control-plane.sh: checks the options of `up` and brings everything up.
# cmd_up has the options in an array `option`, which the functions that it calls read.

# first_address CIDR: the one that the service "kubernetes" gets.
first_address() {
    local network=${1%/*} length=${1#*/} a b c d n
    if [[ $network == *:* ]]; then
        printf '%s1\n' "$network" # it ends in "::", see check_options
        return
    fi
    IFS=. read -r a b c d <<<"$network"
    n=$((((a << 24 | b << 16 | c << 8 | d) & (0xffffffff << (32 - length))) + 1))
    printf '%d.%d.%d.%d\n' $((n >> 24 & 255)) $((n >> 16 & 255)) $((n >> 8 & 255)) $((n & 255))
}

# The controller manager wants at most 2^16 node CIDRs in a cluster CIDR.
node_mask6() {
    local length=${1#*/}
    if ((length < 48)); then
        echo $((length + 16))
    elif ((length < 64)); then
        echo 64
    else
        echo $((length + 8))
    fi
}

write_etcd_command() {
    local dir=$1 etcd=$2 env=()
    # etcd 3.4 calls 64-bit Arm experimental and asks for consent.
    [[ $(uname -m) != aarch64 ]] || env=(env ETCD_UNSUPPORTED_ARCH=arm64)
    # The data is on the folder's file system: without fsync it stays in the
    # page cache long enough, and then nothing is outside the folder.
    write_command "$dir" etcd "${env[@]}" "$etcd" --name=test --data-dir="$dir/data" \
        --unsafe-no-fsync --listen-client-urls=http://127.0.0.1:2379 \
        --advertise-client-urls=http://127.0.0.1:2379 \
        --listen-peer-urls=http://127.0.0.1:2380 \
        --initial-advertise-peer-urls=http://127.0.0.1:2380 \
        --initial-cluster=test=http://127.0.0.1:2380
}

write_apiserver_command() {
    local dir=$1
    shift
    write_command "$dir" kube-apiserver "$dir/bin/kube-apiserver" \
        --etcd-servers=http://127.0.0.1:2379 \
        --advertise-address="${option[address]}" --bind-address=0.0.0.0 --secure-port="$api_port" \
        --cert-dir="$dir/pki" --client-ca-file="$dir/ca.crt" \
        --tls-cert-file="$dir/pki/server.crt" --tls-private-key-file="$dir/pki/server.key" \
        --token-auth-file="$dir/pki/tokens.csv" \
        --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction \
        --service-cluster-ip-range="${option[service-cidr]}" --allow-privileged \
        --service-account-issuer=https://kubernetes.default.svc \
        --service-account-key-file="$dir/pki/serviceaccounts.pub" \
        --service-account-signing-key-file="$dir/pki/serviceaccounts.key" \
        --kubelet-client-certificate="$dir/pki/admin.crt" \
        --kubelet-client-key="$dir/pki/admin.key" \
        --kubelet-preferred-address-types=InternalIP "$@"
}

# Without kubelets only controllers without which a test could not do its work: one
# for node lifecycles, for instance, would taint every Node that no kubelet tends.
controllers() {
    if [[ ${option[kubelets]} ]]; then
        echo '*'
    else
        echo nodeipam,serviceaccount,serviceaccount-token,namespace
    fi
}

write_manager_command() {
    local dir=$1
    shift
    write_command "$dir" kube-controller-manager "$dir/bin/kube-controller-manager" \
        --kubeconfig="$dir/admin.kubeconfig" --leader-elect=false \
        --controllers="$(controllers)" --node-monitor-grace-period=10s \
        --bind-address=127.0.0.1 --secure-port=10257 --port=0 --cert-dir="$dir/pki" \
        --tls-cert-file="$dir/pki/server.crt" --tls-private-key-file="$dir/pki/server.key" \
        --root-ca-file="$dir/ca.crt" \
        --service-account-private-key-file="$dir/pki/serviceaccounts.key" \
        --allocate-node-cidrs --cluster-cidr="${option[cluster-cidr]}" "$@"
}

write_scheduler_command() {
    local dir=$1
    write_command "$dir" kube-scheduler "$dir/bin/kube-scheduler" \
        --kubeconfig="$dir/admin.kubeconfig" --leader-elect=false \
        --bind-address=127.0.0.1 --secure-port=10259 --port=0 --cert-dir="$dir/pki" \
        --tls-cert-file="$dir/pki/server.crt" --tls-private-key-file="$dir/pki/server.key"
}

# write_commands DIR ETCD
write_commands() {
    local dir=$1 cluster_cidr=${option[cluster-cidr]} mask=${option[node-mask]} v6 gate=()
    write_etcd_command "$dir" "$2"
    if [[ $cluster_cidr == *,* ]]; then
        gate=(--feature-gates=IPv6DualStack=true)
        v6=${cluster_cidr%,*}
        [[ $v6 == *:* ]] || v6=${cluster_cidr#*,}
        write_manager_command "$dir" "${gate[@]}" \
            --node-cidr-mask-size-ipv4="${mask:-24}" \
            --node-cidr-mask-size-ipv6="$(node_mask6 "$v6")"
    elif [[ $cluster_cidr == *:* ]]; then
        write_manager_command "$dir" \
            --node-cidr-mask-size="${mask:-$(node_mask6 "$cluster_cidr")}"
    else
        write_manager_command "$dir" --node-cidr-mask-size="${mask:-24}"
    fi
    [[ -z ${option[kubelets]} ]] || write_scheduler_command "$dir"
    write_apiserver_command "$dir" "${gate[@]}"
}

check_cidr() {
    [[ $2 =~ ^([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|[0-9a-fA-F:]+::)/[0-9]+$ ]] ||
        usage_error "$1: not a network: $2"
}

check_options() {
    local cidr cidrs name='[a-z0-9.-]+'
    [[ ${option[netns]} ]] || usage_error "--netns is missing"
    [[ ${option[address]} ]] || usage_error "--address is missing"
    IFS=, read -ra cidrs <<<"${option[cluster-cidr]}"
    ((${#cidrs[@]} <= 2)) || usage_error "--cluster-cidr: more than two networks"
    for cidr in "${cidrs[@]}"; do
        check_cidr --cluster-cidr "$cidr"
    done
    check_cidr --service-cidr "${option[service-cidr]}"
    [[ ${option[node-mask]} =~ ^[0-9]*$ ]] ||
        usage_error "--node-mask: not a number: ${option[node-mask]}"
    [[ ${option[kubelets]} =~ ^($name(,$name)*)?$ ]] ||
        usage_error "--kubelets: not names: ${option[kubelets]}"
    [[ ",${option[kubelets]}," != *,@(admin|admin-files|hostgwd|readonly|kube-proxy),* ]] ||
        usage_error "--kubelets: these names have other users: ${option[kubelets]}"
}

check_namespace() {
    local netns=${option[netns]} address=${option[address]}
    [[ -e /run/netns/$netns ]] || die "no network namespace $netns: ip netns add $netns"
    [[ $(ip -n "$netns" -o address show to "$address") ]] ||
        die "namespace $netns has not the address $address"
    [[ $(ip -n "$netns" link show lo up) ]] ||
        die "loopback is down: ip -n $netns link set lo up"
}

# A caller's proxy is not for addresses which exist in a namespace only.
without_proxy() {
    unset http_proxy https_proxy all_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY
}

stop_unless_ready() {
    [[ -z $unready ]] || stop_all "$unready"
}

# A rule takes a moment from the write to the authorizer.
wait_for_rbac() {
    local dir=$1 name deadline=$((SECONDS + ready_deadline))
    for name in hostgwd readonly; do
        until kube "$dir" --kubeconfig="$dir/$name.kubeconfig" \
            get --raw '/api/v1/nodes?limit=1' >/dev/null 2>&1; do
            ((SECONDS < deadline)) ||
                fail_with_log "$dir" kube-apiserver "does not let $name list Nodes"
            sleep 0.1
        done
    done
}

# bring_up DIR ETCD BIN
bring_up() {
    local dir=$1 address=${option[address]} host=${option[address]}
    [[ $host != *:* ]] || host="[$host]"
    umask 077
    mkdir -p "$dir"/{pki,cmd,logs,pids}
    printf '%s\n' "${option[netns]}" >"$dir/netns"
    ln -s "$3" "$dir/bin"
    write_certificates "$dir" "$address" "$(first_address "${option[service-cidr]}")"
    write_kubeconfigs "$dir" "https://$host:$api_port" "${option[kubelets]}"
    write_commands "$dir" "$2"

    unready=$dir
    exit_on_signals
    trap stop_unless_ready EXIT
    start_components "$dir" etcd
    start_components "$dir" kube-apiserver
    start_components "$dir" kube-controller-manager
    [[ -z ${option[kubelets]} ]] || start_components "$dir" kube-scheduler
    rbac_objects | kube "$dir" apply --validate=false -f - >>"$dir/logs/rbac.log" 2>&1 ||
        fail_with_log "$dir" rbac "objects could not be made"
    wait_for_rbac "$dir"
    unready=
    say "up: $dir"
}

cmd_up() {
    local dir=$1 etcd bin
    local -A option=([netns]='' [address]='' [cluster-cidr]=10.1.0.0/16 [service-cidr]=''
        [node-mask]='' [kubelets]='')
    shift
    while (($#)); do
        (($# > 1)) || usage_error "missing value or unknown argument: $1"
        [[ $1 == --* && -v option[${1#--}] ]] || usage_error "unknown argument: $1"
        option[${1#--}]=$2
        shift 2
    done
    if [[ -z ${option[service-cidr]} ]]; then
        option[service-cidr]=10.96.0.0/16
        [[ ${option[address]} != *:* ]] || option[service-cidr]=fd96::/112
    fi
    check_options
    ((EUID == 0)) || die "entering a network namespace needs root"
    check_namespace
    [[ ! -e $dir || (-d $dir && -z $(ls -A "$dir")) ]] || die "$dir is not an empty folder"
    etcd=$(find_etcd) || die "etcd is missing: run '$0 install' first"
    bin=$(built_dir)
    [[ $bin ]] || die "no binaries in $(cache_dir): run '$0 build' first"
    without_proxy
    bring_up "$dir" "$etcd" "$bin"
}
