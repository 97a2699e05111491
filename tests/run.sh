#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Installs what is missing, builds, and runs the tests.

set -euo pipefail

root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
readonly root

usage() {
    cat <<'USAGE'
Usage: sudo tests/run.sh [--e2e|--ship|--cluster] [CTEST-ARGUMENT...]

Installs with apt what is missing, builds, and runs the unit and integration
tests. They work in network namespaces of their own; the host's network is never
touched. Twice as many as there are CPUs run at a time, as they mostly wait; those
that measure run alone. Further arguments go to ctest: -R NAME, -L unit, --repeat until-fail:5.

--e2e      run the tests against a real Kubernetes control plane instead. Its
           binaries are built from Debian's sources and cached first (minutes).
--ship     build the container image and the Debian package and test them, and
           the manifests, with such a control plane.
--cluster  build the image of this commit and of the one before, and test them in
           a cluster of three machines with kubelet, containerd, kube-proxy and
           pods, each in namespaces, with 3 GB of memory. What it took is
           printed as a table. tests/cluster/up leaves such a cluster up.

Exit status: 0 all tests passed, 2 usage, else what failed says so.
USAGE
}

usage_error() {
    printf 'tests/run.sh: %s\n' "$*" >&2
    exit 2
}

# What root built in a user's tree stays that user's.
give_back_build() {
    [[ ! -d $root/build ]] || chown -R -h --reference="$root" "$root/build"
}

main() {
    local preset=test
    case ${1-} in
    -h | --help)
        usage
        exit
        ;;
    --e2e | --ship | --cluster)
        preset=${1#--}
        shift
        ;;
    esac
    ((EUID == 0)) || usage_error "the tests make network namespaces, which needs root:" \
        "sudo tests/run.sh (unit tests alone do not: ctest --preset unit)"
    trap give_back_build EXIT
    cd "$root"
    deploy/dependencies.sh build test
    tests/prometheus.sh >/dev/null # fetched, once
    if [[ $preset != test ]]; then
        tests/e2e/control-plane.sh install
        tests/e2e/control-plane.sh build >/dev/null # the folder's name, to the tests' use only
    fi
    if [[ $preset == ship ]]; then
        deploy/dependencies.sh ship
        deploy/image.sh --output build/ship/hostgwd.oci.tar
        deploy/package.sh --output build/ship/hostgwd.deb
    fi
    if [[ $preset == cluster ]]; then
        [[ $(findmnt --noheadings --types cgroup) ]] || usage_error "no cgroup v1 controllers" \
            "are mounted, which these kubelets need: boot with systemd.unified_cgroup_hierarchy=0"
        deploy/dependencies.sh ship cluster
        deploy/image.sh --tag localhost/hostgwd:latest --output build/cluster/hostgwd.oci.tar
        tests/cluster/previous.sh build/cluster/previous.oci.tar
        export HOSTGW_CLUSTER=tested # one that somebody has up by hand is left alone
        trap 'tests/cluster/down || :; give_back_build' EXIT # also after Ctrl-C
        tests/cluster/down # what a run that was killed has left
    fi
    cmake --preset release
    cmake --build --preset release --parallel "$(nproc)"
    ctest --preset "$preset" --parallel "$((2 * $(nproc)))" "$@"
}

main "$@"
