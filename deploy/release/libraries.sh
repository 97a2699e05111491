#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside the build root: builds from Debian's source packages the libraries of which Debian has
# no static archive, or one that drags in what hostgwd has no use for (GnuTLS, LDAP, Kerberos).
# Usage: libraries.sh TRIPLET PREFIX

set -euo pipefail

readonly triplet=$1
readonly prefix=$2
readonly stamp=$prefix/complete

# The sources are unpacked at one path, so that every build writes the same bytes.
readonly sources=/usr/src/hostgwd-libraries

readonly packages=(cjson libmicrohttpd curl)

# What a network daemon is compiled with on Debian; the path of the build is kept out of it.
readonly flags="-O2 -g0 -fPIC -fstack-protector-strong -fstack-clash-protection
    -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$sources=. -ffunction-sections -fdata-sections"

fetch() {
    mkdir -p "$sources"
    cd "$sources"
    apt-get -q -o APT::Sandbox::User=root source --download-only "${packages[@]}"
    for package in "${packages[@]}"; do
        dpkg-source --no-check -x "$package"_*.dsc "$package"
    done
}

# configure PACKAGE ARGUMENT...: autotools, static only.
configure() {
    local package=$1
    shift
    cd "$sources/$package"
    ./configure --quiet --host="$triplet" --prefix="$prefix" --libdir="$prefix/lib" \
        --disable-shared --enable-static --disable-dependency-tracking CFLAGS="${flags//$'\n'/ }" "$@"
}

build_cjson() {
    cmake -S "$sources/cjson" -B "$sources/cjson/build" -DCMAKE_INSTALL_PREFIX="$prefix" \
        -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_C_COMPILER="$triplet-gcc" -DCMAKE_C_FLAGS="${flags//$'\n'/ }" \
        -DCMAKE_SYSTEM_NAME=Linux -DBUILD_SHARED_LIBS=OFF -DENABLE_CJSON_TEST=OFF
    make -s -C "$sources/cjson/build" -j"$(nproc)" install
}

build_libmicrohttpd() {
    configure libmicrohttpd --disable-https --disable-doc --disable-examples --disable-curl \
        --disable-bauth --disable-dauth --disable-postprocessor
    make -s -j"$(nproc)" install
}

# HTTPS with HTTP/2 and gzip through proxies, and HTTP over a unix socket for hostgwd status.
build_curl() {
    configure curl --with-openssl --with-nghttp2 --with-zlib --enable-threaded-resolver \
        --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt --without-ca-path \
        --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-librtmp \
        --without-libssh2 --without-gssapi --disable-ldap --disable-ftp --disable-file \
        --disable-dict --disable-telnet --disable-tftp --disable-pop3 --disable-imap --disable-smb \
        --disable-smtp --disable-gopher --disable-mqtt --disable-rtsp --disable-manual \
        --disable-ntlm --disable-tls-srp --disable-alt-svc --disable-hsts --disable-doh \
        --disable-netrc --disable-cookies --disable-libcurl-option
    make -s -C lib -j"$(nproc)" install
    make -s -C include install
    install -D -m 644 libcurl.pc "$prefix/lib/pkgconfig/libcurl.pc"
}

# What each came from, for the bill of materials.
note_versions() {
    dpkg-parsechangelog -l "$sources/$1/debian/changelog" -S Version |
        sed "s/^/$1 /" >>"$prefix/versions"
    install -D -m 644 "$sources/$1/debian/copyright" "$prefix/share/doc/$1/copyright"
}

main() {
    [[ ! -e $stamp ]] || exit 0
    rm -rf "$prefix" "$sources"
    mkdir -p "$prefix"
    export PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig
    export SOURCE_DATE_EPOCH=0
    fetch
    for package in "${packages[@]}"; do
        (build_"$package")
        note_versions "$package"
    done
    touch "$stamp"
}

main
