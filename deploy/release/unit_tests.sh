#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run inside the build root: builds the unit tests of /usr/src/hostgwd against the libraries that the
# image has, and runs them, under qemu-user where they are of another architecture.
# Usage: unit_tests.sh TRIPLET

set -euo pipefail

readonly triplet=$1 processor=${1%%-*}
readonly build=/usr/src/build/tests

export PKG_CONFIG_LIBDIR=/opt/hostgwd/lib/pkgconfig:/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig

emulator=()
if [[ $processor != "$(uname -m)" ]]; then
    emulator=(-DCMAKE_CROSSCOMPILING_EMULATOR="/usr/bin/qemu-$processor-static")
    # The leak check attaches to the process, which the emulator cannot let it do.
    export ASAN_OPTIONS=detect_leaks=0
fi
cmake -S /usr/src/hostgwd --preset release -B "$build" -G "Unix Makefiles" -DHOSTGW_STATIC=ON \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$processor" \
    -DCMAKE_C_COMPILER="$triplet-gcc" "${emulator[@]}"
cmake --build "$build" --parallel "$(nproc)"
ctest --test-dir "$build" -L unit --parallel "$(nproc)" --output-on-failure
