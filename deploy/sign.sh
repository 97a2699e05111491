#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Signs what image.sh and package.sh made, with a key of yours.

set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: deploy/sign.sh KEY FILE...

Writes FILE.sig beside each FILE. KEY is a private key in PEM form (openssl) or
a secret key of signify. To check a signature:

  openssl pkeyutl -verify -rawin -pubin -inkey KEY.pub -sigfile FILE.sig -in FILE
  signify-openbsd -V -p KEY.pub -x FILE.sig -m FILE

Exit status: 0 all signed, 1 failed, 2 usage.
USAGE
}

usage_error() {
    printf 'sign: %s\n' "$*" >&2
    exit 2
}

sign_one() {
    local key=$1 file=$2
    if grep -q -- '-----BEGIN .*PRIVATE KEY-----' "$key"; then
        openssl pkeyutl -sign -rawin -inkey "$key" -in "$file" -out "$file.sig"
    elif head -n 1 "$key" | grep -q '^untrusted comment: '; then
        signify-openbsd -S -s "$key" -x "$file.sig" -m "$file"
    else
        usage_error "$key is neither a private key in PEM form nor one of signify"
    fi
}

main() {
    case ${1-} in
    -h | --help)
        usage
        exit
        ;;
    esac
    (($# >= 2)) || usage_error "a key and a file are needed (see --help)"
    local key=$1 file
    shift
    for file in "$key" "$@"; do
        [[ -r $file ]] || usage_error "cannot read $file"
    done
    for file; do
        sign_one "$key" "$file"
        printf '%s\n' "$file.sig"
    done
}

main "$@"
