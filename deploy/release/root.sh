# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by common.sh: the folder with a Debian of its own in which releases are
# built, so that what comes out does not depend on the machine it was built on. It is made once and
# kept in the cache; a new one is made when what it consists of changes.

readonly suite=bookworm
: "${source_dir:?}" "${machine:?}"

triplet_of() {
    case $1 in
    amd64) echo x86_64-linux-gnu ;;
    arm64) echo aarch64-linux-gnu ;;
    *) die "no such architecture: $1 (amd64 or arm64)" ;;
    esac
}

# What the root of an architecture has; that of another than this machine's gets its libraries
# beside this machine's compilers (Debian's multiarch).
root_packages() {
    local arch=$1 package
    printf '%s\n' dpkg-dev file
    for package in $("$source_dir"/deploy/dependencies.sh --list build) \
        libssl-dev libnghttp2-dev zlib1g-dev; do
        case $package in
        *-dev)
            [[ $arch != "$machine" && $package == lib@(curl4-openssl|microhttpd|cjson)-dev ]] ||
                echo "$package:$arch"
            ;;
        *) echo "$package" ;;
        esac
    done
    [[ $arch == "$machine" ]] ||
        printf '%s\n' "gcc-$(triplet_of "$arch" | tr _ -)" qemu-user-static
}

root_dir() {
    local key
    key=$({
        echo "$suite"
        root_packages "$1"
        cat "$source_dir"/deploy/release/{root,libraries}.sh
    } | sha256sum | cut -c1-12)
    printf '%s/build-root-%s-%s\n' "$(cache_dir)" "$1" "$key"
}

# in_root ROOT COMMAND...: with a /proc, and processes that end with it.
in_root() {
    local root=$1
    shift
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TZ=UTC0 \
        DEBIAN_FRONTEND=noninteractive ${SOURCE_DATE_EPOCH:+SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH"} \
        unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" chroot "$root" "$@"
}

# The suite's security updates and sources come from where the suite itself comes from.
write_sources() {
    local root=$1 mirror
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
    mirror=${mirror%/}
    printf 'deb-src %s %s main\n' "$mirror" "$suite" >"$root/etc/apt/sources.list.d/sources.list"
    printf '%s %s-security %s-security main\n' deb "$mirror" "$suite" \
        deb-src "$mirror" "$suite" >"$root/etc/apt/sources.list.d/security.list"
}

# What it says to people goes to descriptor 3, beside the log.
fill_root() {
    local root=$1 arch=$2 packages
    mapfile -t packages < <(root_packages "$arch")
    say "making the build root ($suite, $arch)" 2>&3
    debootstrap --variant=minbase --include=ca-certificates "$suite" "$root"
    write_sources "$root"
    install -m 755 /dev/stdin "$root/usr/sbin/policy-rc.d" <<<$'#!/bin/sh\nexit 101'
    [[ $arch == "$machine" ]] || in_root "$root" dpkg --add-architecture "$arch"
    in_root "$root" apt-get -q update
    in_root "$root" apt-get -q -y dist-upgrade
    say "installing what a build needs" 2>&3
    in_root "$root" apt-get -q -y --no-install-recommends install "${packages[@]}"
    say "building the libraries that are linked statically" 2>&3
    install "$source_dir/deploy/release/libraries.sh" "$root/usr/src/libraries.sh"
    in_root "$root" /usr/src/libraries.sh "$(triplet_of "$arch")" /opt/hostgwd
}

# make_root ARCH: prints where it is. A root has its name only once it is complete.
make_root() {
    local arch=$1 root log lock
    root=$(root_dir "$arch")
    mkdir -p "$(cache_dir)"
    exec {lock}>"$root.lock"
    flock "$lock"
    if [[ ! -d $root ]]; then
        ((EUID == 0)) || die "making the build root needs root"
        type -P debootstrap >/dev/null || die "debootstrap is missing: deploy/dependencies.sh ship"
        log=$root.log
        rm -rf --one-file-system "$root.new"
        (fill_root "$root.new" "$arch") 3>&2 >"$log" 2>&1 ||
            die "the build root could not be made; its last words are in $log:
$(tail -n 5 "$log")"
        mv "$root.new" "$root"
    fi
    exec {lock}>&-
    printf '%s\n' "$root"
}
