#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real Kubernetes control plane for the end-to-end tests, from Debian
# packages alone: etcd as packaged, the rest of Kubernetes built once from Debian's
# source package and kept in a cache. Each control plane lives in a network namespace
# that the caller made, and in one folder.

set -euo pipefail

readonly components=(etcd kube-apiserver kube-controller-manager kube-scheduler)

here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
readonly here
# shellcheck source-path=SCRIPTDIR
source "$here/control-plane/install.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/control-plane/build.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/control-plane/credentials.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/control-plane/processes.sh"
# shellcheck source-path=SCRIPTDIR
source "$here/control-plane/up.sh"

usage() {
    cat <<'USAGE'
Usage: control-plane.sh install
       control-plane.sh build
       control-plane.sh up DIR --netns NAME --address IP [OPTION...]
       control-plane.sh down DIR
       control-plane.sh stop DIR COMPONENT
       control-plane.sh start DIR COMPONENT
       control-plane.sh --help

install  get from the Debian archive whatever is missing to build and run
         (root, only when something is missing)
build    build kubectl, kubelet, kube-proxy and the servers, whichever is not in
         the cache, and print the folder which holds them
up       start a control plane in the network namespace NAME; DIR must be empty
         or not there yet (root)
down     stop all of it; DIR stays, for its logs
stop     stop one component: etcd, kube-apiserver, kube-controller-manager or
         kube-scheduler
start    start it again with the command line in DIR/cmd/COMPONENT

Options of up:
  --netns NAME         an existing namespace (ip netns), its loopback up
  --address IP         an address of that namespace, where port 6443 is served
  --cluster-cidr CIDR  where pod CIDRs are cut from; two of them with a comma
                       between make it dual-stack (default 10.1.0.0/16)
  --service-cidr CIDR  (default 10.96.0.0/16, or fd96::/112 where IP is IPv6)
  --node-mask N        length of each node's pod CIDR, the IPv4 one when
                       dual-stack (default 24, or 64 where only IPv6 is given)
  --kubelets NAME,...  real kubelets of these names will join: there is a
                       scheduler, and all controllers run, those included that
                       taint a Node which no kubelet tends

What up leaves in DIR:
  admin.kubeconfig        client certificate of system:masters, data embedded
  admin-files.kubeconfig  the same, with relative paths to files
  hostgwd.kubeconfig      token with just the rights that hostgwd needs
  readonly.kubeconfig     token which may get, list and watch Nodes
  NAME.kubeconfig         with --kubelets: the token of each kubelet, and one
                          of kube-proxy's rights in kube-proxy.kubeconfig
  ca.crt, wrong-ca.crt    the CA, and one that signed nothing here
  bin/                    kubectl, kubelet, kube-proxy and the servers
  cmd/ logs/ pids/        one file a component; a test may edit a command line
                          in cmd/ between stop and start
Pod CIDRs are handed out from about 10 s after the start, in no fixed order.

Environment:
  HOSTGW_CACHE  the cache (default $XDG_CACHE_HOME/hostgwd or ~/.cache/hostgwd)
USAGE
}

say() { printf 'control-plane: [%3d s] %s\n' "$SECONDS" "$*" >&2; }

die() {
    printf 'control-plane: %s\n' "$*" >&2
    exit 1
}

usage_error() {
    printf 'control-plane: %s (see --help)\n' "$*" >&2
    exit 2
}

# ---- commands ----------------------------------------------------------------

cmd_down() {
    [[ -d $1/pids ]] || return 0
    stop_all "$1"
}

check_component() {
    [[ " ${components[*]} " == *" $2 "* ]] || usage_error "no such component: $2"
    [[ -x $1/cmd/$2 ]] || die "$1 holds no control plane"
}

cmd_stop() {
    check_component "$@"
    stop_components "$@"
}

cmd_start() {
    local pid
    check_component "$@"
    ! running "$@" || die "$2 runs already"
    without_proxy
    # A component that does not get ready must not stay half alive.
    exit_on_signals
    # shellcheck disable=SC2064  # these names are local
    trap "stop_components $(printf '%q ' "$@")" EXIT
    start_components "$@"
    trap - EXIT
}

arguments() {
    local wanted=$1 command=$2
    shift 2
    (($# == wanted)) || usage_error "$command: wrong number of arguments"
    [[ ${1-} != -* ]] || usage_error "unknown argument: $1"
}

main() {
    local command=${1-} dir
    (($# == 0)) || shift
    case $command in
    install | build)
        arguments 0 "$command" "$@"
        "cmd_$command"
        ;;
    up | down | stop | start)
        if [[ $command == up ]]; then
            arguments 1 up "${@:1:1}"
        elif [[ $command == down ]]; then
            arguments 1 down "$@"
        else
            arguments 2 "$command" "$@"
        fi
        dir=$(realpath -m -- "$1")
        shift
        "cmd_$command" "$dir" "$@"
        ;;
    -h | --help) usage ;;
    '') usage_error "a command is missing" ;;
    *) usage_error "unknown command: $command" ;;
    esac
}

main "$@"
