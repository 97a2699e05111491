# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by demo.sh: remembers in the demo's folder what was made, so that it
# can be removed by name and process id, by this run or, had it been killed, by
# the next. A process id may since belong to another program, so each is kept
# with its start time.
#
#   owner       the running demo; gone once it ended or left the network up (--keep)
#   processes   one "pid start-time" a line
#   namespaces  one name a line

readonly folder=/run/hostgwdemo
readonly stop_deadline=5 # seconds from SIGTERM to SIGKILL

# start_time PID: in clock ticks since boot, see proc(5); fails if there is no such process.
start_time() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return
    # The command's name, in parentheses, may hold anything.
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != Z ]] && printf '%s\n' "${stat[19]}"
}

is_alive() {
    [[ $(start_time "$1") == "$2" ]]
}

record_process() {
    printf '%s %s\n' "$1" "$(start_time "$1")" >>"$folder/processes"
}

# The name is written first: what is recorded but missing does no harm.
record_namespace() {
    printf '%s\n' "$1" >>"$folder/namespaces"
}

# for_each_alive COMMAND...: calls COMMAND... PID for each recorded process that still runs.
for_each_alive() {
    local pid started
    [[ -e $folder/processes ]] || return 0
    while read -r pid started; do
        is_alive "$pid" "$started" && "$@" "$pid"
    done <"$folder/processes"
    return 0
}

stop_processes() {
    local deadline=$((SECONDS + stop_deadline))
    for_each_alive kill -TERM 2>/dev/null
    while [[ $(for_each_alive echo) ]]; do
        ((SECONDS < deadline)) || for_each_alive kill -KILL 2>/dev/null
        sleep 0.02
    done
}

remove_recorded() {
    local name
    stop_processes
    if [[ -e $folder/namespaces ]]; then
        while read -r name; do
            [[ ! -e /run/netns/$name ]] || ip netns del "$name"
        done <"$folder/namespaces"
    fi
    rm -rf "$folder"
}

# Fails if a demo runs; its process id is then on standard output.
owner_is_gone() {
    local pid started
    read -r pid started 2>/dev/null <"$folder/owner" || return 0
    is_alive "$pid" "$started" || return 0
    printf '%s\n' "$pid"
    return 1
}

# mkdir is atomic: of two demos started at once only one gets the folder.
claim_folder() {
    umask 022
    mkdir "$folder" && printf '%s %s\n' $$ "$(start_time $$)" >"$folder/owner"
}
