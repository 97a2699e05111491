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

emulated=()
left_out=()
if [[ $processor != "$(uname -m)" ]]; then
    # The sanitizers' own libraries are the cross compiler's, not the target's.
    emulated=(-DCMAKE_CROSSCOMPILING_EMULATOR="/usr/bin/qemu-$processor-static"
        -DCMAKE_EXE_LINKER_FLAGS="-static-libasan -static-libubsan" -DHOSTGW_UNIT_TIMEOUT=1200)
    # What qemu-user does not know: the leak check's way into a process, netfilter's sockets, and a
    # program that starts itself anew.
    export ASAN_OPTIONS=detect_leaks=0
    left_out=(--exclude-regex 'unit\.(test_masquerade_errors|test_child)')
fi
cmake -S /usr/src/hostgwd --preset release -B "$build" -G "Unix Makefiles" -DHOSTGW_STATIC=ON \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="$processor" \
    -DCMAKE_C_COMPILER="$triplet-gcc" "${emulated[@]}"
cmake --build "$build" --parallel "$(nproc)"
ctest --test-dir "$build" --tests-regex '^unit\.' "${left_out[@]}" --parallel "$(nproc)" \
    --output-on-failure
