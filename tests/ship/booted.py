# SPDX-License-Identifier: GPL-2.0-or-later
"""A booted systemd in a worker's network, by systemd-nspawn."""

import subprocess
from pathlib import Path

from lab import Host
from process import Process
from waiting import poll

BOOT = 120.0  # seconds, on a busy machine

# nspawn wants the unified hierarchy, in a mount namespace of its own where the machine's is another;
# what it keeps of its machines goes with that.
SCRIPT = """\
umount -R /sys/fs/cgroup
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mkdir -p /run/systemd
mount -t tmpfs tmpfs /run/systemd
exec systemd-nspawn --quiet --boot --keep-unit --register=no --capability=CAP_NET_ADMIN \
    --directory="$1" --network-namespace-path="$2" --console=pipe
"""


class Booted:
    """Context manager: a machine that runs; its end is a power-off."""

    def __init__(self, host: Host, root: Path):
        self._host = host
        self._root = root
        self._process: Process | None = None
        self._leader = 0

    def __enter__(self) -> "Booted":
        self.boot()
        return self

    def __exit__(self, *_: object) -> None:
        self.power_off()

    def boot(self) -> None:
        command = ["unshare", "--mount", "--propagation=private", "sh", "-ec", SCRIPT, "sh",
                   str(self._root), f"/run/netns/{self._host.netns}"]
        self._process = self._host.start_as_is(*command, name="systemd")
        self._leader = poll(self._find_leader, "the container's first process", BOOT)
        poll(self._is_up, "systemd has booted", BOOT)

    def _find_leader(self) -> int | None:
        assert self._process and self._process.running, self._process and self._process.log()
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        for child in children:
            comm = Path(f"/proc/{child}/comm")
            if comm.exists() and comm.read_text(encoding="ascii").strip() in ("systemd", "init"):
                return int(child)
        return None

    def _is_up(self) -> bool:
        state = self.run("systemctl", "is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def power_off(self) -> None:
        if self._process and self._process.running:
            self.run("systemctl", "poweroff", check=False)
            self._process.wait_exit(BOOT)
        self._process = None

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Runs a program in there, as root."""
        words = ["nsenter", f"--target={self._leader}", "--mount", "--uts", "--ipc", "--net",
                 "--pid", "--cgroup", "--root", "--wd", "--", *command]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120, check=False)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def show(self, unit: str, field: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", field, "--value", unit).stdout.strip()

    def journal(self, unit: str) -> str:
        return self.run("journalctl", "--no-pager", "--output=cat", "--unit", unit).stdout
