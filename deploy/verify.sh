#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Shows that a release is what its sources say: builds image and package twice and compares.

set -euo pipefail

deploy=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")")
readonly deploy

usage() {
    cat <<'USAGE'
Usage: sudo deploy/verify.sh [--image DIGEST] [--package SHA256]

Builds the container image and the Debian package twice from this checkout and
compares: same sources, same Debian packages, same bytes. With the digest or the
hash of a release it compares with that too; where the release was built on
other versions of Debian's packages, the bills of materials (FILE.spdx.json) say
which.

Exit status: 0 all the same, 1 they differ or a build failed, 2 usage.
USAGE
}

usage_error() {
    printf 'verify: %s\n' "$*" >&2
    exit 2
}

failed=false

# same WHAT FIRST SECOND
same() {
    if [[ $2 == "$3" ]]; then
        printf 'same      %s: %s\n' "$1" "$2"
    else
        printf 'DIFFERENT %s: %s and %s\n' "$1" "$2" "$3"
        failed=true
    fi
}

build_package() { "$deploy/package.sh" --output "$1" >/dev/null && sha256sum "$1" | cut -d' ' -f1; }

main() {
    local image_wanted='' package_wanted='' first second
    while (($#)); do
        case $1 in
        -h | --help)
            usage
            exit
            ;;
        --image | --package)
            (($# > 1)) || usage_error "$1 needs a value"
            printf -v "${1#--}_wanted" %s "$2"
            shift 2
            ;;
        *) usage_error "unknown argument $1 (see --help)" ;;
        esac
    done
    work=$(mktemp -d "${TMPDIR:-/tmp}/hostgwd-verify.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    first=$("$deploy/image.sh" --output "$work/first.tar")
    second=$("$deploy/image.sh" --output "$work/second.tar")
    same "image, built twice" "$first" "$second"
    [[ -z $image_wanted ]] || same "image, and the release" "$first" "$image_wanted"
    first=$(build_package "$work/first.deb")
    second=$(build_package "$work/second.deb")
    same "package, built twice" "$first" "$second"
    [[ -z $package_wanted ]] || same "package, and the release" "$first" "$package_wanted"
    ! $failed
}

main "$@"
