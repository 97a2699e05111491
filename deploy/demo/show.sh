# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by demo.sh: how things are shown to a person, and counted when they
# are not as they should be.

failures=0
bold='' dim='' red='' green='' plain=''
if [[ -t 1 && -z ${NO_COLOR-} && ${TERM-dumb} != dumb ]]; then
    bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
fi

section() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
note() { printf '%s\n' "$*"; }

# prompt WHERE COMMAND: the command as a person would type it there.
prompt() { printf '%s%s#%s %s\n' "$dim" "$1" "$plain" "$2"; }

passed() { printf '%sok%s      %s\n' "$green" "$plain" "$*"; }

failed() {
    printf '%sFAILED%s  %s\n' "$red" "$plain" "$*"
    failures=$((failures + 1))
}

# expect TEXT WANTED SEEN: both may have several lines.
expect() {
    if [[ $2 == "$3" ]]; then
        passed "$1"
    else
        failed "$1; expected was:"
        printf '%s\n' "$2"
    fi
}

now_us() { printf '%s\n' "${EPOCHREALTIME//[!0-9]/}"; }

# since_ms START-US END-US
since_ms() { printf '%d.%d' $((($2 - $1) / 1000)) $((($2 - $1) / 100 % 10)); }

# within SECONDS COMMAND...: repeats it until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.01
    done
}
