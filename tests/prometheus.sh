#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Prints the folder that has Debian's prometheus and promtool; fetches them first if need be.

set -euo pipefail

here=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")")
readonly here

die() {
    printf 'tests/prometheus.sh: %s\n' "$*" >&2
    exit 1
}

# shellcheck source=tests/e2e/control-plane/install.sh
. "$here/e2e/control-plane/install.sh" # cache_dir, newest_with, apt_get

readonly programs=(prometheus promtool)

# The package enables a service and starts it, as etcd's does: it is not installed, but its programs
# are taken out of it.
fetch() {
    local cache=$1 version
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    mkdir -p "$cache"
    (cd "$scratch" && apt_get -o APT::Sandbox::User=root download prometheus) || {
        ((EUID == 0)) || die "prometheus cannot be downloaded; as root its lists are updated first"
        apt_get update
        (cd "$scratch" && apt_get -o APT::Sandbox::User=root download prometheus)
    }
    version=$(dpkg-deb -f "$scratch"/prometheus_*.deb Version)
    mkdir "$scratch/out"
    dpkg-deb --fsys-tarfile "$scratch"/prometheus_*.deb |
        tar -x -C "$scratch/out" --strip-components=3 "${programs[@]/#/./usr/bin/}"
    rm -rf "$cache/prometheus-$version"
    mv -T "$scratch/out" "$cache/prometheus-$version"
}

main() {
    local folder
    if type -P "${programs[@]}" >/dev/null; then
        dirname -- "$(type -P prometheus)"
        return
    fi
    folder=$(newest_with "$(cache_dir)/prometheus-*" "${programs[@]}")
    if [[ ! $folder ]]; then
        printf 'fetching prometheus\n' >&2
        fetch "$(cache_dir)"
        folder=$(newest_with "$(cache_dir)/prometheus-*" "${programs[@]}")
    fi
    [[ $folder ]] || die "the package has not what was expected: ${programs[*]}"
    printf '%s\n' "$folder"
}

main "$@"
