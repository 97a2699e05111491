#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the Debian package in a Debian of its own.

set -euo pipefail

readonly program=package
# shellcheck source=deploy/release/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/release/common.sh"

usage() {
    cat <<'USAGE'
Usage: sudo deploy/package.sh [--output FILE]

Builds the Debian package for this machine's architecture, in the Debian that
image.sh builds in too. The same sources on the same Debian packages give the
same bytes.

--output FILE  default: build/hostgwd_VERSION_ARCH.deb

Prints where it is. Exit status: 0 built, 1 failed, 2 usage.
USAGE
}

main() {
    local output='' root
    while (($#)); do
        case $1 in
        -h | --help)
            usage
            exit
            ;;
        --output)
            (($# > 1)) || usage_error "$1 needs a value"
            output=$2
            shift 2
            ;;
        *) usage_error "unknown argument $1 (see --help)" ;;
        esac
    done
    read_source_facts
    output=$(realpath -m -- "${output:-$source_dir/build/hostgwd_${version}_$machine.deb}")
    root=$(make_root "$machine")
    work=$(mktemp -d "${TMPDIR:-/tmp}/hostgwd-package.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    lock_root "$root"
    say "packaging hostgwd $version for $machine"
    copy_source "$root"
    in_root "$root" /usr/src/hostgwd/deploy/release/pack.sh "$version" "$commit" \
        >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        die "hostgwd cannot be packaged in the build root"
    }
    install -D -m 644 "$root/usr/src/build/package/hostgwd.deb" "$output"
    printf '%s\n' "$output"
}

main "$@"
