# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by control-plane.sh: starts and stops the components, each known by its
# process id and start time.

readonly ready_deadline=120  # seconds; it takes about 7 where nothing else runs
# Seconds between SIGTERM and SIGKILL. An API server takes no new connections
# in this time but serves its open watches, and would do so for a minute.
readonly stop_deadline=3

# Prints "STATE STARTTIME" of a process; the name before them in that file may
# hold spaces and brackets.
process_state() {
    local stat fields
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return
    read -ra fields <<<"${stat##*) }"
    printf '%s %s\n' "${fields[0]}" "${fields[19]}"
}

# Sets pid if the component runs. The start time tells a recycled pid apart; a
# zombie that nobody waits for has stopped.
running() {
    local dir=$1 name=$2 recorded state started
    read -r pid recorded 2>/dev/null <"$dir/pids/$name" || return
    read -r state started < <(process_state "$pid") || return
    [[ $started == "$recorded" && $state != [ZX] ]]
}

# write_command DIR NAME COMMAND...
write_command() {
    local dir=$1 name=$2
    shift 2
    {
        printf '#!/bin/bash\nexec'
        printf ' \\\n\t%q' nsenter --net="/run/netns/$(<"$dir/netns")" "$@"
        printf '\n'
    } >"$dir/cmd/$name"
    chmod 0700 "$dir/cmd/$name"
}

# Its own session, so that Ctrl-C on a test does not reach it; no descriptor of
# the caller, so that a test's pipe ends when the test does. setsid and the
# command file each replace themselves, so the pid is that of the program.
spawn() {
    local dir=$1 name=$2 pid started
    (
        for fd in "/proc/$BASHPID/fd"/*; do
            fd=${fd##*/}
            ((fd <= 2 || fd == 255)) || exec {fd}>&-
        done
        exec setsid "$dir/cmd/$name"
    ) </dev/null >>"$dir/logs/$name.log" 2>&1 &
    pid=$!
    read -r _ started < <(process_state "$pid") || started=0
    printf '%s %s\n' "$pid" "$started" >"$dir/pids/$name"
}

kube() {
    local dir=$1
    shift
    nsenter --net="/run/netns/$(<"$dir/netns")" "$dir/bin/kubectl" \
        --kubeconfig="$dir/admin.kubeconfig" --cache-dir="$dir/kubectl-cache" \
        --request-timeout=5s "$@"
}

# probe DIR NAME: one question; kubectl asks etcd too, which saves a dependency.
probe() {
    local dir=$1
    case $2 in
    etcd)
        [[ $(kube "$dir" --server=http://127.0.0.1:2379 get --raw /health) == *true* ]]
        ;;
    kube-apiserver)
        [[ $(kube "$dir" get --raw /readyz) == ok ]]
        ;;
    kube-controller-manager)
        [[ $(kube "$dir" --server=https://127.0.0.1:10257 get --raw /healthz) == ok ]]
        ;;
    kube-scheduler)
        [[ $(kube "$dir" --server=https://127.0.0.1:10259 get --raw /healthz) == ok ]]
        ;;
    esac </dev/null 2>/dev/null
}

fail_with_log() {
    local dir=$1 name=$2 why=$3
    printf 'control-plane: the end of %s:\n' "$dir/logs/$name.log" >&2
    tail -n 20 "$dir/logs/$name.log" >&2
    die "$name $why"
}

wait_ready() {
    local dir=$1 name=$2 pid deadline=$((SECONDS + ready_deadline))
    until probe "$dir" "$name"; do
        running "$dir" "$name" || fail_with_log "$dir" "$name" "has ended"
        ((SECONDS < deadline)) ||
            fail_with_log "$dir" "$name" "is not ready after $ready_deadline s"
        sleep 0.1
    done
    # What answered might have been another process on the same port.
    running "$dir" "$name" || fail_with_log "$dir" "$name" "has ended"
}

# Kubernetes starts a group of components and waits for all of them.
start_components() {
    local dir=$1 name
    shift
    for name; do
        say "starting $name"
        spawn "$dir" "$name"
    done
    for name; do
        wait_ready "$dir" "$name"
        say "$name is ready"
    done
}

# stop_components DIR NAME...: all at once.
stop_components() {
    local dir=$1 name pid deadline=$((SECONDS + stop_deadline))
    shift
    for name; do
        if running "$dir" "$name"; then
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for name; do
        while running "$dir" "$name"; do
            if ((SECONDS >= deadline)); then
                say "killing $name, which has not ended in $stop_deadline s"
                kill -KILL "$pid" 2>/dev/null || true
            fi
            sleep 0.05
        done
        rm -f "$dir/pids/$name"
    done
}

# The API server waits long for an etcd that is gone, so etcd is last.
stop_all() {
    stop_components "$1" kube-apiserver kube-controller-manager kube-scheduler
    stop_components "$1" etcd
}
