#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside the build root: compiles /usr/src/hostgwd as the image has it.
# Usage: compile.sh TRIPLET VERSION COMMIT

set -euo pipefail

readonly triplet=$1 version=$2 commit=$3
readonly build=/usr/src/build/image

# The slim libraries win over Debian's.
export PKG_CONFIG_LIBDIR=/opt/hostgwd/lib/pkgconfig:/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig

cmake -S /usr/src/hostgwd --preset release -B "$build" -G "Unix Makefiles" \
    -DCMAKE_INSTALL_PREFIX=/usr -DHOSTGW_STATIC=ON -DHOSTGW_TESTS=OFF \
    -DHOSTGW_GIVEN_VERSION="$version" -DHOSTGW_GIVEN_COMMIT="$commit" \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="${triplet%%-*}" \
    -DCMAKE_C_COMPILER="$triplet-gcc" -DCMAKE_C_FLAGS="-ffile-prefix-map=/usr/src=."
cmake --build "$build" --parallel "$(nproc)" --target hostgwd
"$triplet-objcopy" --strip-all "$build/daemon/hostgwd" "$build/hostgwd"
