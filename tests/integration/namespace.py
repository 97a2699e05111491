# SPDX-License-Identifier: GPL-2.0-or-later
"""Network namespaces: the hosts, switch and pods of a lab."""

import ctypes
import json
import os
import shutil
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any, Callable, Sequence, TypeVar

from process import Process, RouteMonitor
from record import Record


CLONE_NEWNET = 0x40000000  # sched.h
T = TypeVar("T")


class Namespace:
    """A named network namespace with loopback up, and a folder for what runs in it. One that is
    there already is taken as it is."""

    def __init__(self, record: Record, name: str, forward: bool = False):
        self.name = name
        self.netns = f"{record.folder.name}-{name}"
        self.folder = record.folder / name
        self.processes: list[Process] = []
        self._record = record
        self._forward = forward
        self.folder.mkdir(exist_ok=True)
        self.make()

    def make(self) -> None:
        """Once more if it has been deleted."""
        if not self.exists():
            self._record.add_namespace(self.netns)
            subprocess.run(["ip", "netns", "add", self.netns], check=True)
        self._set_sysctls()
        self.batch("link set lo up")

    def exists(self) -> bool:
        """A file alone, as a machine that was switched off leaves it, is none."""
        path = Path("/run/netns", self.netns)
        if path.exists() and path.stat().st_dev != os.stat("/proc/self/ns/net").st_dev:
            path.unlink()
        return path.exists()

    def _set_sysctls(self) -> None:
        # A new namespace may have inherited the host's settings.
        settings = {
            "ipv4/ip_forward": int(self._forward),
            "ipv4/conf/all/rp_filter": 0,
            "ipv4/conf/default/rp_filter": 0,
            "bridge/bridge-nf-call-iptables": 0,
            "bridge/bridge-nf-call-ip6tables": 0,
        }
        writes = (f"[ ! -e {k} ] || echo {v} >{k}" for k, v in settings.items())
        self.run("sh", "-c", "cd /proc/sys/net; " + "; ".join(writes))

    def entered(self, command: Sequence[str]) -> list[str]:
        """`command` to be run inside. Unlike `ip netns exec` this leaves /sys as it is."""
        return ["nsenter", f"--net=/run/netns/{self.netns}", "--", *command]

    def run(
        self, *command: str, check: bool = True, seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program inside to its end; `check`: it must succeed."""
        done = subprocess.run(
            self.entered(command), capture_output=True, text=True, timeout=seconds, check=False
        )
        assert not check or done.returncode == 0, f"{self.name}: {command}: {done.stderr}"
        return done

    def start(self, *command: str, name: str) -> Process:
        """Runs a program inside in the background, with a log of its own."""
        return self.start_as_is(*self.entered(command), name=name)

    def start_as_is(self, *command: str, name: str) -> Process:
        """The same for one that enters by itself, as podman does."""
        process = Process(self._record, command, self._new_log(name))
        self.processes.append(process)
        return process

    def inside(self, make: Callable[[], T]) -> T:
        """Has this process make something in the namespace. A socket stays in the one that its
        thread was in when it was made (network_namespaces(7))."""

        def enter_and_make() -> T:
            namespace = os.open(f"/run/netns/{self.netns}", os.O_RDONLY)
            try:
                if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns into {self.netns}")
            finally:
                os.close(namespace)
            return make()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(enter_and_make).result()

    def listen(self, address: str = "127.0.0.1") -> socket.socket:
        """A TCP socket of this process that listens inside."""
        return self.inside(lambda: socket.create_server((address, 0), backlog=64))

    def _new_log(self, name: str) -> Path:
        """Not one of an earlier program that used this namespace."""
        paths = (self.folder / f"{number}-{name}.log" for number in count(len(self.processes)))
        return next(path for path in paths if not path.exists())

    def has_link(self, name: str) -> bool:
        return self.run("ip", "link", "show", name, check=False).returncode == 0

    def batch(self, *commands: str) -> None:
        """Several commands of `ip` at once."""
        command = ["ip", "-n", self.netns, "-batch", "-"]
        subprocess.run(command, input="\n".join(commands), text=True, check=True)

    def ip_json(self, *arguments: str) -> list[dict[str, Any]]:
        """`ip -j ...`, protocols and scopes as numbers."""
        command = ["ip", "-n", self.netns, "-N", "-j", *arguments]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return json.loads(output or "[]")

    def route_text(self, *options: str) -> list[str]:
        """Lines of `ip route show`, on a machine that has our package's rt_protos.d entry.

        The folder of names is mounted over the machine's for this one program.
        """
        folders = (Path("/etc/iproute2"), Path("/usr/share/iproute2"))
        theirs = next(folder for folder in folders if (folder / "rt_protos").exists())
        ours = self.folder / "iproute2"
        if not ours.exists():
            shutil.copytree(theirs, ours)
            entries = Path(__file__).parents[2] / "deploy/rt_protos.d"
            shutil.copytree(entries, ours / "rt_protos.d", dirs_exist_ok=True)
        script = 'mount --bind "$0" "$1" && shift && exec ip "$@" route show'
        command = ["unshare", "--mount", "sh", "-c", script, str(ours), str(theirs)]
        command += ["-n", self.netns, *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [line.rstrip() for line in done.stdout.splitlines()]

    def monitor_routes(self, *what: str) -> RouteMonitor:
        """`ip` with these options and words; without any: IPv4 routes alone."""
        what = what or ("-4", "monitor", "route")
        monitor = RouteMonitor(self._record, self.netns, self._new_log("monitor"), *what)
        self.processes.append(monitor)
        return monitor

    def ping(self, address: str, seconds: int = 2) -> bool:
        """One echo request: was it answered?"""
        done = self.run("ping", "-n", "-c", "1", "-W", str(seconds), address, check=False)
        return done.returncode == 0
