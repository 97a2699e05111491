#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Builds the image that clusters are upgraded from: that of the release before this commit or, as long
# as there is none, of the commit before it.

set -euo pipefail

root=$(realpath -- "$(dirname -- "${BASH_SOURCE[0]}")/../..")
output=$(realpath -m -- "${1:?usage: previous.sh FILE}")
readonly root output
scratch=

say() { printf 'previous: %s\n' "$*" >&2; }

previous_commit() {
    git -C "$root" describe --tags --abbrev=0 --match 'v[0-9]*' HEAD^ 2>/dev/null ||
        git -C "$root" rev-parse --verify --quiet HEAD^
}

main() {
    local commit
    scratch=$(mktemp -d "${TMPDIR:-/tmp}/hostgwd-previous.XXXXXX")
    trap 'rm -rf --one-file-system "$scratch"' EXIT
    git clone --quiet "file://$root" "$scratch/source"
    if commit=$(previous_commit); then
        git -C "$scratch/source" checkout --quiet "$commit"
    else
        say "a shallow clone has no earlier commit: these sources are built under another version"
        git -C "$scratch/source" -c user.name=previous -c user.email=previous@localhost \
            commit --quiet --allow-empty --message=previous
    fi
    commit=$(git -C "$scratch/source" log -1 --format='%h (%s)')
    if [[ ! -e $output || $(cat "$output.commit") != "$commit" ]]; then
        say "building the image of $commit"
        "$scratch/source/deploy/image.sh" --tag localhost/hostgwd:previous \
            --output "$output" >/dev/null
        printf '%s\n' "$commit" >"$output.commit"
    fi
}

main
