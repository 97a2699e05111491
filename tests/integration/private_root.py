# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine's files as a program sees them that may change them all: firewalls from Debian write
to /etc and /run, and the machine that runs the tests must not notice.

The root is an overlay in a mount namespace of its own, on top of the machine's. It goes with the
processes in it, which the lab ends.
"""

import os
import subprocess
from pathlib import Path

from namespace import Namespace
from process import Process

# Unpacked, not installed: an installed firewalld starts and closes the machine. /lib is left out:
# it is a link to usr/lib, which a folder of that name would hide.
SCRIPT = """
set -e
base=$1; shift
mkdir -p "$base"
mount -t tmpfs none "$base"
mkdir "$base/upper" "$base/work" "$base/root"
for package; do dpkg-deb --fsys-tarfile "$package" | tar -x -C "$base/upper" --exclude=./lib; done
mount -t overlay overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" "$base/root"
cd "$base/root"
for folder in proc sys dev; do mount --rbind "/$folder" "$folder"; done
mount -t tmpfs none run
mkdir run/lock
echo ready
exec chroot . sleep infinity
"""


def cached_package(name: str) -> Path:
    """A Debian package that deploy/dependencies.sh keeps as a file."""
    home = os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))
    cache = Path(os.environ.get("HOSTGW_CACHE", f"{home}/hostgwd"))
    found = sorted(cache.glob(f"{name}_*.deb"))
    assert found, f"no {name} package in {cache}: run deploy/dependencies.sh test cluster"
    return found[-1]


class PrivateRoot:
    """Programs in it see the network namespace that it was made for."""

    def __init__(self, where: Namespace, *packages: Path):
        base = where.folder / "root"
        self._where = where
        holder = where.start(
            "unshare", "--mount", "bash", "-c", SCRIPT, "private-root", str(base),
            *map(str, packages), name="root",
        )  # fmt: skip
        holder.wait_log("^ready$", 30)
        self._enter = ["nsenter", f"--target={holder.pid}", "--mount", "--root", "--wd=/", "--"]

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self._where.run(*self._enter, *command, check=check)

    def start(self, *command: str, name: str) -> Process:
        return self._where.start(*self._enter, *command, name=name)

    def write(self, path: str, text: str) -> None:
        """A file in it."""
        self.run("sh", "-c", 'printf %s "$0" >"$1"', text, path)
