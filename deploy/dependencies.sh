#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The one place that knows which Debian packages hostgwd needs. It installs
# those that are missing and touches neither apt nor the network if none is.

set -euo pipefail

readonly cmake_minimum=3.25 # CMakePresets.json: workflow presets

usage() {
    cat <<'USAGE'
Usage: dependencies.sh [--list] GROUP...

Installs with apt what is missing of these groups (root, only if something is):
  build   to configure and build hostgwd and its unit tests
  lab     to run the demo: namespaces, ping, nft
  test    to run the unit and integration tests; firewalld is downloaded, never installed
  ship    to build images and packages in a Debian of their own, and to test them
  cluster to run containers and pods; containerd and busybox are downloaded, never installed

--list    print the groups' packages instead
USAGE
}

die() {
    printf 'dependencies: %s\n' "$*" >&2
    exit 1
}

packages() {
    case $1 in
    build)
        printf '%s\n' gcc libc6-dev make pkgconf git python3 libuv1-dev libmnl-dev libnftnl-dev \
            libcurl4-openssl-dev libcjson-dev libyaml-dev libpcre2-dev libmicrohttpd-dev \
            libcmocka-dev cmake
        ;;
    lab) printf '%s\n' iproute2 iputils-ping nftables ;;
    test)
        printf '%s\n' containernetworking-plugins curl dbus-daemon groff-base iproute2 iptables \
            iputils-ping nftables nghttp2-proxy openssl python3 python3-firewall \
            python3-nftables python3-pytest systemd ufw zsh
        ;;
    ship)
        printf '%s\n' binutils buildah debootstrap git lintian openssl podman python3 runc \
            signify-openbsd systemd-container
        ;;
    cluster)
        printf '%s\n' buildah conntrack containernetworking-plugins iproute2 iptables mount procps \
            runc util-linux
        ;;
    *) die "no such group: $1 (see --help)" ;;
    esac
}

installed() {
    # A cmake from elsewhere will do; check_cmake looks at its version.
    if [[ $1 == cmake ]] && type -P cmake >/dev/null; then
        return
    fi
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

install() {
    ((EUID == 0)) || die "these packages are missing, and installing them needs root: $*"
    type -P apt-get >/dev/null || die "no apt-get here; install what Debian calls: $*"
    printf 'Installing %s\n' "$*"
    export DEBIAN_FRONTEND=noninteractive
    # One source that is away need not be the one that has them.
    apt-get -q update || printf 'apt-get update failed; trying with the lists as they are\n' >&2
    apt-get -q -y --no-install-recommends -o DPkg::Lock::Timeout=120 install "$@" ||
        die "apt-get could not install $*; see its message above"
}

# What would start a service, or take the place of what the machine has, when it is installed: its
# package is kept as a file, and the tests unpack it where only they see it.
keep() {
    local cache=${HOSTGW_CACHE:-${XDG_CACHE_HOME:-${HOME:?is not set}/.cache}/hostgwd}
    [[ -z $(compgen -G "$cache/$1_*.deb") ]] || return 0
    type -P apt-get >/dev/null || die "no apt-get here to download $1 with"
    mkdir -p "$cache"
    (cd "$cache" && apt-get -q -o APT::Sandbox::User=root download "$1") ||
        die "apt-get could not download $1; if it has no list of the archive: apt-get update"
}

check_cmake() {
    local version
    version=$(cmake --version | sed -n '1s/^cmake version //p')
    printf '%s\n' "$cmake_minimum" "$version" | sort -CV && return
    die "CMake $cmake_minimum or newer is needed, this is $version ($(type -P cmake)):" \
        "use Debian 12, Ubuntu 24.04 or later, or put a newer cmake first in PATH"
}

main() {
    local list=false group package missing=()
    case ${1-} in
    -h | --help)
        usage
        exit
        ;;
    --list)
        list=true
        shift
        ;;
    esac
    (($#)) || die "a group is missing (see --help)"
    for group; do
        packages "$group" >/dev/null
    done
    for package in $(for group; do packages "$group"; done | sort -u); do
        if $list; then
            echo "$package"
        elif ! installed "$package"; then
            missing+=("$package")
        fi
    done
    $list && exit
    ((!${#missing[@]})) || install "${missing[@]}"
    [[ " $* " != *" test "* ]] || keep firewalld
    [[ " $* " != *" cluster "* ]] || { keep containerd && keep busybox-static; }
    [[ " $* " != *" build "* ]] || check_cmake
}

main "$@"
