# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Sourced by control-plane.sh: builds the Kubernetes binaries from Debian's source
# package into the cache.

scratch=
worker=

# Removes what a build leaves half done, whichever way the script ends.
close_scratch() {
    if [[ $worker ]]; then
        kill -KILL -- "-$worker" 2>/dev/null || true
        wait "$worker" 2>/dev/null || true
    fi
    # A compiler killed a moment ago may still be adding its last file.
    rm -rf "$scratch" 2>/dev/null || { sleep 0.5; rm -rf "$scratch"; }
}

exit_on_signals() {
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

# Takes the cache's lock, as long as this process lives, and makes a scratch
# folder in it. The lock is on the folder itself, so no lock file stays behind.
open_scratch() {
    local cache lock
    cache=$(cache_dir)
    mkdir -p "$cache"
    exec {lock}<"$cache"
    if ! flock --nonblock "$lock"; then
        say "waiting: another process is filling $cache"
        flock "$lock"
    fi
    # Nobody else holds the lock: such a folder is what a SIGKILL left.
    rm -rf "$cache"/.scratch-*
    exit_on_signals
    trap close_scratch EXIT
    scratch=$(mktemp -d "$cache/.scratch-XXXXXX")
}

# work WHAT COMMAND...: runs it with the output in a log which is shown only on
# failure. In a process group of its own, for close_scratch to kill as a whole,
# and waited for in the background, because only then do traps run at once.
work() {
    local what=$1
    shift
    say "$what"
    setsid "$@" </dev/null >"$scratch/log" 2>&1 &
    worker=$!
    if ! wait "$worker"; then
        worker=
        tail -n 20 "$scratch/log" >&2
        die "failed: $what"
    fi
    worker=
}

# The machine's own Debian entries as apt sees them, whatever form they have on
# disk: one "URI suite component" a line.
debian_entries() {
    # shellcheck disable=SC2016  # apt expands these
    apt-get indextargets --format '$(ORIGIN)|$(REPO_URI) $(RELEASE) $(COMPONENT)' \
        'Created-By: Packages' | sed -n 's/^Debian|//p' | sort -u
}

# Writes these entries anew, for sources instead of binaries. indextargets does
# not tell who signs an entry: Debian's own archive has Debian's own keys.
write_source_list() {
    local uri suite component keyring signed_by=
    for keyring in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
        [[ -e $keyring ]] && signed_by=$keyring
    done
    while read -r uri suite component; do
        printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: %s\n' \
            "$uri" "$suite" "$component"
        # Machines pinned to an old snapshot of the archive must work too.
        printf 'Check-Valid-Until: no\n'
        if [[ $signed_by ]]; then
            printf 'Signed-By: %s\n' "$signed_by"
        fi
        printf '\n'
    done
}

# Sets apt_options for an apt which reads and writes nothing of the machine's
# but its settings (proxy, credentials).
private_apt_options() {
    local root=$1
    mkdir -p "$root"/{lists,archives}/partial
    apt_options=(
        -o "Dir::Etc::sourcelist=$root/debian.sources"
        -o Dir::Etc::sourceparts=/dev/null
        -o "Dir::State::lists=$root/lists"
        -o "Dir::Cache=$root"
        -o APT::Sandbox::User=root
        -o Acquire::Languages=none
    )
}

# The binaries are static, so any distribution can run them.
readonly remedy="run '$0 build' in a Debian 12 container which shares HOSTGW_CACHE"

no_debian_archive() {
    if grep -qx 'ID=debian' /etc/os-release; then
        die "apt has no list of the Debian archive: run 'apt-get update' first"
    fi
    die "Kubernetes is built from Debian's source package and apt knows no Debian archive here: $remedy"
}

# Leaves the upstream tar in $scratch/source and the package's version in
# $scratch/version.
fetch_source() {
    local entries apt_options dsc root=$scratch/apt
    entries=$(debian_entries)
    [[ $entries ]] || no_debian_archive
    private_apt_options "$root"
    write_source_list <<<"$entries" >"$root/debian.sources"
    work "reading the archive's list of sources" \
        apt-get -q "${apt_options[@]}" update
    apt-cache "${apt_options[@]}" showsrc --only-source kubernetes 2>/dev/null |
        grep -q '^Package: kubernetes$' ||
        die "this release of Debian has no source package kubernetes: $remedy"
    mkdir "$scratch/source"
    work "fetching the Kubernetes source" env -C "$scratch/source" \
        apt-get -q "${apt_options[@]}" source --download-only --only-source kubernetes
    dsc=("$scratch"/source/kubernetes_*.dsc)
    sed -n 's/^Version: //p' "${dsc[0]}" >"$scratch/version"
}

# 1.20.5+really1.20.2-1.1+deb12u1 -> v1.20.2
upstream_version() {
    sed -E 's/^[0-9]+://; s/-[^-]*$//; s/.*really//; s/[^0-9.].*//; s/^/v/' <<<"$1"
}

unpack_source() {
    local tree=$1 vendored=$1/vendor/github.com/modern-go/reflect2
    mkdir -p "$tree"
    work "unpacking the source" tar -x -f "$(compgen -G "$scratch/source/*.orig.tar.*")" \
        -C "$tree" --strip-components=1
    [[ -d $vendored ]] || die "this source package has no vendored modules: $remedy"
    # Servers crash under load with the vendored 1.0.1 and Go 1.18 or newer.
    rm -rf "$vendored"
    cp -rL /usr/share/gocode/src/github.com/modern-go/reflect2 "$vendored"
}

# In GOPATH mode nothing is ever downloaded. The environment is emptied so that
# nobody's GOFLAGS, GOROOT or other Go on PATH counts.
with_go() {
    local what=$1
    shift
    work "$what" env -i -C "$scratch/go/src/k8s.io/kubernetes" \
        PATH=/usr/bin:/bin HOME="$scratch" TMPDIR="$scratch" \
        GOPATH="$scratch/go" GOCACHE="$scratch/gocache" \
        GO111MODULE=off GOENV=off GOTOOLCHAIN=local CGO_ENABLED=0 "$@"
}

# Import paths of the packages which want generated OpenAPI definitions.
openapi_packages() {
    (cd "$1" && grep -rl --include='*.go' '+k8s:openapi-gen=' \
        pkg staging/src/k8s.io vendor/k8s.io) |
        sed -E 's,/[^/]*$,,; s,^(staging/src|vendor)/,,; s,^pkg,k8s.io/kubernetes/pkg,' |
        sort -u | paste -sd,
}

# The API server does not compile without this file, and the tar lacks it.
generate_openapi() {
    local tree=$1
    with_go "building openapi-gen" \
        go build -o "$scratch/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    with_go "generating OpenAPI definitions" "$scratch/openapi-gen" \
        -i "$(openapi_packages "$tree")" \
        -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi \
        -h hack/boilerplate/boilerplate.generatego.txt \
        -r "$scratch/violations" --output-base "$scratch/go/src"
}

version_flags() {
    local version=$1 package major minor
    IFS=. read -r major minor _ <<<"${version#v}"
    printf -- '-s -w'
    for package in component-base/version client-go/pkg/version; do
        printf -- ' -X k8s.io/kubernetes/vendor/k8s.io/%s' \
            "$package.gitVersion=$version" "$package.gitMajor=$major" \
            "$package.gitMinor=$minor" "$package.gitTreeState=archive"
    done
}

# build_binaries VERSION FOLDER BINARY...: each appears in FOLDER when it is complete.
build_binaries() {
    local version=$1 folder=$2 binary
    shift 2
    for binary; do
        with_go "building $binary $version" \
            go build -trimpath -ldflags "$(version_flags "$version")" \
            -o "$scratch/$binary" "./cmd/$binary"
        mv "$scratch/$binary" "$folder/"
    done
}

# build_missing VERSION FOLDER: a folder made when fewer were needed is added to.
build_missing() {
    local version=$1 folder=$2 tree=$scratch/go/src/k8s.io/kubernetes binary missing=()
    mkdir -p "$folder"
    for binary in "${binaries[@]}"; do
        [[ -x $folder/$binary ]] || missing+=("$binary")
    done
    unpack_source "$tree"
    if [[ " ${missing[*]} " == *" kube-apiserver "* ]]; then
        generate_openapi "$tree"
    fi
    build_binaries "$(upstream_version "$version")" "$folder" "${missing[@]}"
}

cmd_build() {
    local folder version
    folder=$(built_dir)
    if [[ -z $folder ]]; then
        [[ -x /usr/bin/go && -d /usr/share/gocode/src/github.com/modern-go/reflect2 ]] ||
            die "Go is not installed: run '$0 install' first"
        open_scratch
        folder=$(built_dir) # somebody else's, if this process had to wait
    fi
    if [[ -z $folder ]]; then
        fetch_source
        version=$(<"$scratch/version")
        folder=$(cache_dir)/kubernetes-$version
        build_missing "$version" "$folder"
        say "built $folder"
    fi
    printf '%s\n' "$folder"
}
