#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside the build root: prints the files that a program needs to start, by the paths at which
# the loader looks for them. It reads them instead of running ldd, which runs the program.
# Usage: needed.sh TRIPLET PROGRAM

set -euo pipefail

readonly triplet=$1

needed() { "$triplet-readelf" --wide --dynamic "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'; }

find_library() {
    local folder
    for folder in "/lib/$triplet" "/usr/lib/$triplet" "/usr/$triplet/lib"; do
        if [[ -e $folder/$1 ]]; then
            echo "$folder/$1"
            return
        fi
    done
    printf 'needed: %s is nowhere\n' "$1" >&2
    exit 1
}

declare -A seen
visit() {
    local name path
    for name in $(needed "$1"); do
        path=$(find_library "$name")
        [[ -z ${seen[$name]-} && $name != ld-linux* ]] || continue
        seen[$name]=1
        echo "$path"
        visit "$path"
    done
}

"$triplet-readelf" --wide --program-headers "$2" | sed -n 's/.*program interpreter: \(.*\)]/\1/p'
visit "$2"
