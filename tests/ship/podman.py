# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs the image as kubelet would: in a namespace, with one capability and a read-only root."""

import json
import os
import subprocess
from pathlib import Path
from typing import Sequence

from lab import Host
from process import Process

# As the DaemonSet has it: see securityContext in deploy/hostgwd.yaml.
CONFINED = ["--cap-drop=ALL", "--read-only", "--read-only-tmpfs=false",
            "--security-opt=no-new-privileges"]
CAPABILITY = "--cap-add=NET_ADMIN"
# Limits that a machine without CAP_SYS_RESOURCE can set.
LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]


def image_archive() -> Path:
    """The image under test; tests/run.sh --ship builds it and ctest says where it is."""
    built = Path(__file__).parents[2] / "build/ship/hostgwd.oci.tar"
    return Path(os.environ.get("HOSTGW_IMAGE", built))


class Podman:
    """podman with all it keeps in one folder, which goes with the lab."""

    def __init__(self, folder: Path):
        self._command = [
            "podman", "--runtime=/usr/sbin/runc", "--storage-driver=vfs",
            f"--root={folder / 'podman-root'}", f"--runroot={folder / 'podman-run'}",
            f"--tmpdir={folder / 'podman-tmp'}", "--cgroup-manager=cgroupfs",
            "--events-backend=none", "--log-level=error",
        ]
        self._names: list[str] = []
        self.run("load", "--quiet", f"--input={image_archive()}")
        self.image = json.loads(self.run("images", "--format=json"))[0]["Id"]

    def run(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True,
                              timeout=120, check=False)
        assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def container(self, host: Host, *options: str, command: Sequence[str] = ()) -> list[str]:
        """The words that run the image in a host's network."""
        name = f"{host.netns}-{len(self._names)}"
        self._names.append(name)
        return [*self._command, "run", "--rm", f"--name={name}", "--log-driver=none", *LIMITS,
                *CONFINED, f"--network=ns:/run/netns/{host.netns}", *options, self.image, *command]

    def once(self, host: Host, *command: str, entrypoint: str | None = None,
             options: Sequence[str] = (CAPABILITY,)) -> subprocess.CompletedProcess[str]:
        """Runs it to its end."""
        chosen = [*options, *([f"--entrypoint={entrypoint}"] if entrypoint else [])]
        return subprocess.run(self.container(host, *chosen, command=command),
                              capture_output=True, text=True, timeout=120, check=False)

    def start(self, host: Host, *command: str, options: Sequence[str] = ()) -> Process:
        """Runs it in the background, its log in the lab."""
        words = self.container(host, CAPABILITY, *options, command=command)
        return host.start_as_is(*words, name="container")

    def last_name(self) -> str:
        return self._names[-1]

    def close(self) -> None:
        """Ends what still runs: podman's own process is not the container's."""
        for name in self._names:
            subprocess.run([*self._command, "rm", "--force", "--ignore", "--time=2", name],
                           capture_output=True, timeout=60, check=False)
