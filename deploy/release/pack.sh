#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside the build root: compiles /usr/src/hostgwd with Debian's own libraries and packs it.
# Usage: pack.sh VERSION COMMIT

set -euo pipefail

readonly version=$1 commit=$2
readonly build=/usr/src/build/package

umask 022
cmake -S /usr/src/hostgwd --preset release -B "$build" -G "Unix Makefiles" \
    -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_SYSCONFDIR=/etc -DHOSTGW_TESTS=OFF \
    -DHOSTGW_GIVEN_VERSION="$version" -DHOSTGW_GIVEN_COMMIT="$commit" \
    -DCMAKE_C_FLAGS="-ffile-prefix-map=/usr/src=."
cmake --build "$build" --parallel "$(nproc)"
cd "$build"
cpack -G DEB
mv hostgwd_*.deb hostgwd.deb
