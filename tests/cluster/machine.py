# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine of the cluster: a host of the lab with process, mount and cgroup namespaces of its own,
in which containerd, kubelet and kube-proxy run (machine_init.sh). All that is needed to find it
again is in its folder, so that one program may bring it up and another one use it.
"""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from control_groups import joined, make_groups
from lab import ROUTER, Host, Network, Node
from record import start_time
from waiting import poll

HERE = Path(__file__).parent
MTU = 1460  # of the link between the machines
BOOT = 60.0  # seconds, on a busy machine
PATH = "/opt/kubernetes:/opt/containerd:/opt/hostgwd:/usr/sbin:/usr/bin"
NAMESPACES = ("mount", "uts", "ipc", "net", "pid", "cgroup")


class Machine(Host):
    """`programs`: folders of Kubernetes', containerd's and hostgwd's."""

    def __init__(self, lab: Network, node: Node, programs: list[Path]):
        self.node = node
        self._programs = programs
        super().__init__(lab, node.name, node.address, forward=True)
        self.data = self.folder / "machine"  # kept when it reboots
        self._pids = self.folder / "pids"

    def make(self) -> None:
        super().make()
        # Not what interfaces have anyway, so that pods get it from the daemon alone.
        self._switch.batch(f"link set {self.name} mtu {MTU}")
        self.batch(
            f"link set ens192 mtu {MTU}",
            f"route replace default via {ROUTER} dev ens192 proto static metric 100",
            # kubelet looks for a cloud there, and waits for it.
            "route replace unreachable 169.254.0.0/16",
        )

    def configure(self, files: dict[str, str]) -> None:
        """Files of its /etc, by their names there."""
        for name, text in files.items():
            path = self.data / "etc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)

    @property
    def is_up(self) -> bool:
        return bool(self._alive()) and self.containerd_answers()

    def _alive(self) -> list[int]:
        """Those of its two processes that run: unshare, and the first one inside."""
        if not self._pids.exists():
            return []
        pairs = (line.split() for line in self._pids.read_text(encoding="ascii").splitlines())
        return [int(pid) for pid, started in pairs if start_time(int(pid)) == started]

    @property
    def first_process(self) -> int:
        return int(self._pids.read_text(encoding="ascii").splitlines()[1].split()[0])

    def boot(self) -> None:
        """Until containerd answers."""
        self.make()
        groups = make_groups(self._record, self.netns)
        unshare = ["unshare", *(f"--{name}" for name in NAMESPACES if name != "net"), "--fork",
                   "--kill-child", "--propagation=private", "--"]
        init = [str(HERE / "machine_init.sh"), str(self.data), self.name, *map(str, self._programs)]
        self.data.mkdir(exist_ok=True)
        with open(self.folder / "boot.log", "ab") as log:
            outer = subprocess.Popen(  # pylint: disable=consider-using-with
                joined(groups, self.entered([*unshare, *init])), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._record.add_process(outer.pid)
        inner = poll(lambda: self._child_of(outer), f"{self.name} has a first process", BOOT)
        self._record.add_process(inner)
        lines = (f"{pid} {start_time(pid)}\n" for pid in (outer.pid, inner))
        self._pids.write_text("".join(lines), encoding="ascii")
        poll(lambda: self._check_alive(outer) or self.containerd_answers(),
             f"containerd of {self.name} answers", BOOT)  # fmt: skip

    def _check_alive(self, outer: subprocess.Popen[bytes]) -> None:
        log = (self.folder / "boot.log").read_text(encoding="utf-8", errors="replace")
        assert outer.poll() is None, f"{self.name} does not boot:\n{log[-2000:]}"

    def _child_of(self, outer: subprocess.Popen[bytes]) -> int:
        self._check_alive(outer)
        children = Path(f"/proc/{outer.pid}/task/{outer.pid}/children").read_text(encoding="ascii")
        return int((children.split() or ["0"])[0])

    def power_off(self) -> None:
        """As when the plug is pulled: all its processes end, its network and /run are gone."""
        for pid in self._alive():
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not self._alive(), f"{self.name} is off", BOOT)
        self._pids.unlink(missing_ok=True)
        if self.exists():
            subprocess.run(["ip", "netns", "del", self.netns], check=True)
        self._switch.run("ip", "link", "delete", self.name, check=False)

    def reboot(self) -> None:
        self.power_off()
        self.boot()

    def within(self, *command: str) -> list[str]:
        """`command` to be run as one of the machine's own processes."""
        return ["nsenter", f"--target={self.first_process}", *(f"--{n}" for n in NAMESPACES),
                "--root", "--wdns=/", "--", "env", f"PATH={PATH}", *command]  # fmt: skip

    def inside_run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(self.within(*command), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=120, check=False)  # fmt: skip
        assert not check or done.returncode == 0, f"{self.name}: {command}: {done.stderr}"
        return done

    def write(self, path: str, text: str) -> None:
        """A file of a machine that is up."""
        script = 'mkdir -p "$(dirname "$0")" && printf %s "$1" >"$0"'
        self.inside_run("sh", "-c", script, path, text)

    def ctr(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """containerd's own client, for what Kubernetes put there."""
        return self.inside_run("ctr", "--namespace=k8s.io", *arguments, check=check)

    def containerd_answers(self) -> bool:
        return self.ctr("version", check=False).returncode == 0

    def load_image(self, archive: Path) -> None:
        """Into containerd, unless it has just this one."""
        seen = self.folder / f"{archive.name}.loaded"
        state = f"{archive.stat().st_mtime_ns} {archive.stat().st_size}"
        if seen.exists() and seen.read_text(encoding="ascii") == state:
            return
        shutil.copyfile(archive, self.data / "var/tmp" / archive.name)
        self.ctr("images", "import", f"/var/tmp/{archive.name}")
        (self.data / "var/tmp" / archive.name).unlink()
        seen.write_text(state, encoding="ascii")

    def service_pid(self, service: str) -> int:
        """containerd, kubelet, kube-proxy, hostgwd: the id inside."""
        return int(self.inside_run("cat", f"/run/{service}.pid").stdout)

    def kill(self, service: str, signal_name: str = "KILL") -> None:
        """The first process starts it again."""
        self.inside_run("kill", f"-{signal_name}", str(self.service_pid(service)))

    def log_of(self, service: str) -> str:
        path = self.data / "var/log" / f"{service}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
