# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by control-plane.sh: the cache, and what has to be there before a build.

readonly binaries=(kube-apiserver kube-controller-manager kube-proxy kube-scheduler kubectl kubelet)

cache_dir() {
    local home=${XDG_CACHE_HOME:-${HOME:?HOME is not set: set HOSTGW_CACHE}/.cache}
    realpath -m -- "${HOSTGW_CACHE:-$home/hostgwd}"
}

# newest_with GLOB PROGRAM...: the folder of the highest version that holds
# every PROGRAM, or nothing. A program gets its name only when complete.
newest_with() {
    local glob=$1 folders folder program
    shift
    mapfile -t folders < <(compgen -G "$glob" | sort -rV)
    for folder in "${folders[@]}"; do
        for program; do
            [[ -x $folder/$program ]] || continue 2
        done
        printf '%s\n' "$folder"
        break
    done
}

built_dir() { newest_with "$(cache_dir)/kubernetes-*" "${binaries[@]}"; }

find_etcd() {
    local folder
    command -v etcd && return
    folder=$(newest_with "$(cache_dir)/etcd-*" etcd)
    [[ -n $folder ]] && printf '%s/etcd\n' "$folder"
}

# Debian's own Go, so that the toolchain is the one the source was tried with.
readonly packages=(golang-go golang-github-modern-go-reflect2-dev
    iproute2 openssl xz-utils)

is_installed() {
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
        apt-get -q -y -o DPkg::Lock::Timeout=600 "$@" </dev/null >&2
}

# The Debian package of etcd enables a service and starts it, and no setting of
# apt keeps both from happening on every init system. So the program is taken
# out of the package and the package itself is never installed.
fetch_etcd() {
    local cache=$1 tmp=$2 version
    say "fetching etcd"
    (cd "$tmp" && apt_get -o APT::Sandbox::User=root download etcd-server)
    version=$(dpkg-deb -f "$tmp"/etcd-server_*.deb Version)
    mkdir "$tmp/out"
    dpkg-deb --fsys-tarfile "$tmp"/etcd-server_*.deb |
        tar -x -C "$tmp/out" --strip-components=3 ./usr/bin/etcd
    rm -rf "$cache/etcd-$version"
    mv -T "$tmp/out" "$cache/etcd-$version"
}

cmd_install() {
    local missing=() package need_etcd=
    for package in "${packages[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    find_etcd >/dev/null || need_etcd=yes
    [[ ${#missing[@]} -gt 0 || $need_etcd ]] || return 0
    ((${#missing[@]} == 0 || EUID == 0)) ||
        die "not installed: ${missing[*]}: run this as root"

    if ((EUID == 0)); then
        apt_get update
    fi
    if ((${#missing[@]})); then
        say "installing ${missing[*]}"
        apt_get install --no-install-recommends "${missing[@]}"
    fi
    if [[ $need_etcd ]]; then
        open_scratch
        fetch_etcd "$(cache_dir)" "$scratch"
    fi
}
