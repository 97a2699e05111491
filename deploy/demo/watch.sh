# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by demo.sh: when did a route change? Each worker's `ip monitor` says it
# to the microsecond, whatever this script was doing at the time.

route_log() { printf '%s/%s/routes.log\n' "$folder" "$1"; }

# A netlink socket counts as a listener once it has joined a group.
monitor_listens() {
    awk -v pid="$1" '$2 == 0 && $3 == pid && $4 != "00000000" { found = 1 } END { exit !found }' \
        "/proc/$1/net/netlink"
}

# start_monitor WORKER
start_monitor() {
    background "$(route_log "$1")" env TZ=UTC0 ip -n "$prefix$1" -4 -N -ts monitor route
    within 5 monitor_listens $!
}

# route_events WORKER FROM-LINE [Deleted]: "time network" of hostgwd's routes, one a line.
route_events() {
    sed -nE "$2,\$s|^\[([^]]*)\] ${3:+$3 }([0-9./]+) .*proto 72.*|\1 \2|p" "$(route_log "$1")"
}

# next_line WORKER: where events that are yet to come will begin.
next_line() { echo $(($(wc -l <"$(route_log "$1")") + 1)); }

# event_time WORKER FROM-LINE NETWORK [Deleted]: microseconds since 1970 of the first one.
event_time() {
    local stamp network
    while read -r stamp network; do
        [[ $network != "$3" ]] || {
            date -u -d "${stamp}Z" +%s%6N
            return
        }
    done < <(route_events "$1" "$2" "${4-}")
    return 1
}
