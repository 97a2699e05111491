#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows hostgwd at work on this machine: builds it, makes five workers with a pod
# each out of network namespaces, runs one daemon in each and looks at the result.

set -euo pipefail
export LC_ALL=C # programs' output is read here

root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/..")
readonly root hostgwd=$root/build/release/daemon/hostgwd
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/demo/show.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/demo/record.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/demo/network.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/demo/watch.sh"
# shellcheck source-path=SCRIPTDIR
source "$root/deploy/demo/story.sh"

keep=false

usage() {
    cat <<'USAGE'
Usage: sudo deploy/demo.sh [--keep | --down]

Installs with apt what is missing, builds hostgwd, and shows it routing between
five workers that live in network namespaces of this machine. Takes all of it
away again; the host's own network is never touched.

--keep  leave the workers and their daemons up to play with
--down  take away what --keep left

Exit status: 0 all that was shown held, 1 something did not, 2 usage.
USAGE
}

die() {
    printf 'demo: %s\n' "$*" >&2
    exit 1
}

usage_error() {
    printf 'demo: %s\n' "$*" >&2
    exit 2
}

# ---- building ----------------------------------------------------------------

# What root built in a user's tree stays that user's.
give_back_build() {
    [[ ! -d $root/build ]] || chown -R -h --reference="$root" "$root/build"
}

build() {
    local log
    section "Building hostgwd"
    "$root/deploy/dependencies.sh" build lab
    trap give_back_build EXIT
    cd "$root"
    log=$(cmake --preset release 2>&1) || die "configuring failed: $log"
    cmake --build --preset release --target hostgwd --parallel "$(nproc)" ||
        die "building failed, see above"
    give_back_build
    trap - EXIT
}

# ---- up and down -------------------------------------------------------------

claim_or_refuse() {
    local pid
    pid=$(owner_is_gone) ||
        die "another demo is running (process $pid); end it with Ctrl-C in its terminal"
    if [[ -e $folder ]]; then
        note "Taking away what an earlier demo left."
        remove_recorded
    fi
    claim_folder || die "cannot make $folder, or another demo just did"
}

take_down() {
    trap '' INT TERM HUP
    remove_recorded
}

down() {
    local pid
    pid=$(owner_is_gone) ||
        die "a demo is running (process $pid); end it with Ctrl-C in its terminal"
    if [[ -e $folder ]]; then
        take_down
        note "The demo's workers are gone."
    else
        note "No demo is up."
    fi
}

leave_up() {
    rm "$folder/owner"
    trap - EXIT
    section "Left up to play with"
    cat <<TEXT
Enter a worker:    sudo ip netns exec ${prefix}kubworker1 bash
Enter a pod:       sudo ip netns exec ${prefix}pod1 ping 10.1.3.10
Change the nodes:  sudoedit $nodes_file
A daemon's log:    tail -f $folder/kubworker1/hostgwd.log
Take it down:      sudo deploy/demo.sh --down
TEXT
}

run() {
    build
    claim_or_refuse
    trap take_down EXIT
    story
    section "Result"
    if ((failures)); then
        printf 'What did not hold: %d, marked FAILED above.\n' "$failures"
    else
        note "Everything shown held."
    fi
    ! $keep || leave_up
    ((failures == 0))
}

main() {
    local action=run
    (($# <= 1)) || usage_error "too many arguments (see --help)"
    case ${1-} in
    '') ;;
    --keep) keep=true ;;
    --down) action=down ;;
    -h | --help)
        usage
        exit
        ;;
    *) usage_error "unknown argument: $1 (see --help)" ;;
    esac
    ((EUID == 0)) || usage_error "making network namespaces needs root: sudo deploy/demo.sh"
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
    "$action"
}

main "$@"
