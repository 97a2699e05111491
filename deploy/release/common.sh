# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by image.sh and package.sh, which have set `program`: words for people, and what is built,
# and of when it is.

source_dir=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
machine=$(dpkg --print-architecture)
readonly source_dir machine

# shellcheck source=deploy/release/root.sh
. "$source_dir/deploy/release/root.sh"

say() { printf '%s: [%3d s] %s\n' "${program:?}" "$SECONDS" "$*" >&2; }
die() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 1
}

usage_error() {
    printf '%s: %s\n' "$program" "$*" >&2
    exit 2
}

cache_dir() {
    local home=${XDG_CACHE_HOME:-${HOME:?HOME is not set: set HOSTGW_CACHE}/.cache}
    realpath -m -- "${HOSTGW_CACHE:-$home/hostgwd}"
}

# Sets version, commit and SOURCE_DATE_EPOCH, which is all that a build knows of the world outside.
read_source_facts() {
    local described
    git -C "$source_dir" rev-parse --verify -q HEAD >/dev/null ||
        die "$source_dir is no git checkout: version and date of a release come from its commit"
    commit=$(git -C "$source_dir" rev-parse --short=12 HEAD)
    if described=$(git -C "$source_dir" describe --tags --match 'v[0-9]*' --dirty 2>/dev/null); then
        version=${described#v}
    else
        version=$(sed -n 's/^project(hostgwd VERSION \([0-9.]*\).*/\1/p' "$source_dir/CMakeLists.txt")
        version+=-g$commit
        [[ -z $(git -C "$source_dir" status --porcelain) ]] || version+=-dirty
    fi
    SOURCE_DATE_EPOCH=$(git -C "$source_dir" log -1 --format=%ct)
    export SOURCE_DATE_EPOCH
    # shellcheck disable=SC2034 # read by the scripts that source this
    readonly version commit
}

# One build at a time works in a root.
lock_root() {
    exec {root_lock}>"$1.lock"
    flock "$root_lock"
}

# copy_source ROOT: what is committed or would be, at a path that is the same in every build.
copy_source() {
    local root=$1
    rm -rf --one-file-system "$root/usr/src/hostgwd" "$root/usr/src/build"
    mkdir -p "$root/usr/src/hostgwd"
    (cd "$source_dir" && git ls-files -z --cached --others --exclude-standard --deduplicate |
        while IFS= read -r -d '' file; do [[ ! -f $file ]] || printf '%s\0' "$file"; done |
        tar -c --null --files-from=-) | tar -x -C "$root/usr/src/hostgwd"
}
