#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the container image, from nothing but Debian's archive and this source tree.

set -euo pipefail

readonly program=image
# shellcheck source=deploy/release/common.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/release/common.sh"

usage() {
    cat <<'USAGE'
Usage: sudo deploy/image.sh [--arch ARCH] [--tag NAME] [--output FILE] [--test]

Builds the container image as an OCI archive, for podman load, skopeo copy, or
ctr images import. It is built in a Debian of its own (made once, minutes; kept
in ~/.cache/hostgwd or $HOSTGW_CACHE) and holds hostgwd, the libraries it needs
and CA certificates, nothing else. The same sources on the same Debian packages
give the same digest.

--arch ARCH    amd64 or arm64; default: this machine's
--tag NAME     name in the archive; default: localhost/hostgwd:VERSION
--output FILE  default: build/hostgwd-VERSION-ARCH.oci.tar; FILE.digest and
               FILE.spdx.json, the bill of materials, are written beside it
--test         run the unit tests first, with the image's libraries; those of
               another architecture under qemu-user, which takes its time

Prints the digest. Exit status: 0 built, 1 failed, 2 usage.
USAGE
}

arch=$machine
tag=
output=
test=false

parse_arguments() {
    while (($#)); do
        case $1 in
        -h | --help)
            usage
            exit
            ;;
        --arch | --tag | --output)
            (($# > 1)) || usage_error "$1 needs a value"
            printf -v "${1#--}" %s "$2"
            shift 2
            ;;
        --test)
            test=true
            shift
            ;;
        *) usage_error "unknown argument $1 (see --help)" ;;
        esac
    done
    triplet_of "$arch" >/dev/null || exit 2
    tag=${tag:-localhost/hostgwd:${version//+/-}}
    output=$(realpath -m -- "${output:-$source_dir/build/hostgwd-$version-$arch.oci.tar}")
}

# The program as the image has it: all linked in but what Debian has no archive of, and libc.
compile() {
    local root=$1 target
    target=$(triplet_of "$arch")
    say "compiling hostgwd $version for $arch"
    copy_source "$root"
    in_root "$root" /usr/src/hostgwd/deploy/release/compile.sh "$target" "$version" "$commit" \
        >"$work/compile.log" || {
        tail -n 20 "$work/compile.log" >&2
        die "hostgwd does not compile in the build root"
    }
}

run_unit_tests() {
    local root=$1
    say "running the unit tests for $arch"
    in_root "$root" /usr/src/hostgwd/deploy/release/unit_tests.sh "$(triplet_of "$arch")" \
        >"$work/tests.log" || {
        tail -n 60 "$work/tests.log" >&2
        die "the unit tests fail for $arch"
    }
    tail -n 20 "$work/tests.log" | grep 'tests passed' >&2
}

# What ldd names, by the names under which the program asks for them.
needed_libraries() {
    local root=$1 target
    target=$(triplet_of "$arch")
    in_root "$root" /usr/src/hostgwd/deploy/release/needed.sh "$target" /usr/src/build/image/hostgwd
}

# The image's whole contents, in $work/files.
gather_files() {
    local root=$1 files=$work/files libraries
    say "gathering what goes into the image"
    install -D "$root/usr/src/build/image/hostgwd" "$files/usr/sbin/hostgwd"
    mapfile -t libraries < <(needed_libraries "$root")
    in_root "$root" tar -c --dereference "${libraries[@]}" |
        tar -x -C "$files"
    install -D -m 644 "$root/etc/ssl/certs/ca-certificates.crt" \
        "$files/etc/ssl/certs/ca-certificates.crt"
    # flannel's manifests call the image's programs by these names.
    install -d "$files/opt/bin" "$files/bin"
    ln -s ../../usr/sbin/hostgwd "$files/opt/bin/flanneld"
    ln -s ../../usr/sbin/hostgwd "$files/opt/bin/install-conf"
    ln -s ../usr/sbin/hostgwd "$files/bin/cp"
    install -D -m 644 "$source_dir/LICENSE" "$files/usr/share/doc/hostgwd/LICENSE"
    in_root "$root" python3 /usr/src/hostgwd/deploy/release/sbom.py "$version" "$commit" "$arch" \
        >"$work/sbom.spdx.json"
    install -D -m 644 "$work/sbom.spdx.json" "$files/usr/share/doc/hostgwd/sbom.spdx.json"
}

# buildah keeps nothing outside the working folder.
buildah_here() {
    buildah --root "$work/storage" --runroot "$work/run" --storage-driver vfs "$@"
}

write_image() {
    local container created
    say "writing $output"
    created=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
    container=$(buildah_here from --arch "$arch" scratch)
    buildah_here copy --quiet "$container" "$work/files" / >/dev/null
    buildah_here config --arch "$arch" --os linux --created-by "deploy/image.sh" \
        --entrypoint '["/usr/sbin/hostgwd"]' --cmd '' --env PATH=/usr/sbin:/opt/bin:/bin \
        --label org.opencontainers.image.title=hostgwd \
        --label "org.opencontainers.image.description=Routed pod networks for Kubernetes: podCIDR via nodeIP, kept right" \
        --label org.opencontainers.image.licenses=GPL-2.0-or-later \
        --label "org.opencontainers.image.version=$version" \
        --label "org.opencontainers.image.revision=$commit" \
        --label "org.opencontainers.image.created=$created" \
        "$container" >/dev/null
    mkdir -p "$(dirname "$output")"
    rm -f "$output"
    buildah_here commit --quiet --rm --timestamp "$SOURCE_DATE_EPOCH" --format oci \
        "$container" "oci-archive:$output:$tag" >/dev/null
    tar -xOf "$output" index.json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["manifests"][0]["digest"])' \
            >"$output.digest"
    cp "$work/sbom.spdx.json" "$output.spdx.json"
}

main() {
    local root size
    read_source_facts
    parse_arguments "$@"
    ((EUID == 0)) || die "chroot and buildah need root: sudo deploy/image.sh"
    type -P buildah >/dev/null || die "buildah is missing: deploy/dependencies.sh ship"
    root=$(make_root "$arch")
    work=$(mktemp -d "${TMPDIR:-/tmp}/hostgwd-image.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
    lock_root "$root"
    compile "$root"
    ! $test || run_unit_tests "$root"
    gather_files "$root"
    write_image
    size=$(du -s --apparent-size -B 1000 "$work/files" | cut -f1)
    say "$tag: $((size / 1000)).$((size / 100 % 10)) MB uncompressed, $output"
    cat "$output.digest"
}

main "$@"
