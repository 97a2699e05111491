# SPDX-License-Identifier: GPL-2.0-or-later
"""A Debian with systemd in a folder, for the package to be installed in.

Made once by debootstrap and kept in the cache; what a test changes is an overlay's.
"""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

SUITE = "bookworm"
BASE = ("systemd", "systemd-sysv", "dbus", "iproute2", "nftables", "procps")


def cache_dir() -> Path:
    """The one that tests/e2e/control-plane.sh and deploy/image.sh keep their things in."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("HOSTGW_CACHE") or f"{home}/hostgwd")


def run(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, timeout=900, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.stdout}{done.stderr}"
    return done.stdout


def dependencies(package: Path) -> list[str]:
    """Names of the packages that it depends on."""
    field = run("dpkg-deb", "--field", package, "Depends")
    return sorted(re.match(r"[a-z0-9.+-]+", part.strip())[0] for part in field.split(","))


def base_root(package: Path) -> Path:
    """A root that has all that the package depends on, and not the package."""
    wanted = [*BASE, *dependencies(package)]
    key = hashlib.sha256(" ".join([SUITE, *wanted]).encode()).hexdigest()[:12]
    root = cache_dir() / f"boot-root-{key}"
    if not root.exists():
        new = root.with_name(root.name + ".new")
        shutil.rmtree(new, ignore_errors=True)
        new.parent.mkdir(parents=True, exist_ok=True)
        run("debootstrap", "--variant=minbase", f"--include={','.join(wanted)}", SUITE, new)
        # Nothing of the network is the container's to configure, nor anybody's to wait for.
        for unit in ("systemd-networkd.service", "systemd-networkd-wait-online.service",
                     "systemd-resolved.service"):
            (new / "etc/systemd/system" / unit).symlink_to("/dev/null")
        new.rename(root)
    return root


class Overlay:
    """Context manager: the root with what is written to it kept apart, in `folder`."""

    def __init__(self, base: Path, folder: Path):
        self.path = folder / "root"
        self._parts = [folder / "upper", folder / "work", self.path]
        self._base = base

    def __enter__(self) -> "Overlay":
        for part in self._parts:
            part.mkdir(parents=True)
        upper, work, path = self._parts
        options = f"lowerdir={self._base},upperdir={upper},workdir={work}"
        run("mount", "-t", "overlay", "overlay", "-o", options, path)
        return self

    def __exit__(self, *_: object) -> None:
        run("umount", self.path)

    def changed(self) -> set[str]:
        """Files and folders that are not as they were in the base."""
        upper = self._parts[0]
        return {str(found.relative_to(upper)) for found in upper.rglob("*")}
