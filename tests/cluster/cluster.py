# SPDX-License-Identifier: GPL-2.0-or-later
"""A real cluster on one machine: a control plane, three machines with containerd, kubelet and
kube-proxy, and an outside, on one switch. Bringing it up goes on from wherever it stands."""

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from control_plane import SCRIPT as CONTROL_PLANE
from control_plane import ControlPlane
from images import hostgwd_images, pod_image, unpack
from lab import Network, Node, hostgwd
from machine import HERE, Machine
from place import PARENT, cluster_folder
from record import Record, one_at_a_time
from waiting import poll_equal

# What deploy/hostgwd.yaml says unless it is told otherwise; the controller manager hands it out.
NETWORK = "10.244.0.0/16"
NAMES = ("node1", "node2", "node3")
ADDRESSES = ("192.168.2.44", "192.168.2.45", "192.168.2.46")
REGISTERED = 60.0  # seconds
LONG_AGO = datetime.fromtimestamp(0, timezone.utc)


def is_ready(node: dict[str, Any], since: datetime) -> bool:
    return any(
        condition["type"] == "Ready"
        and condition["status"] == "True"
        and datetime.fromisoformat(condition["lastHeartbeatTime"]) > since
        for condition in node["status"].get("conditions", [])
    )


class Cluster(Network):
    """The record's. Its hosts are there once it is made; `up` does the rest."""

    def __init__(self, record: Record):
        super().__init__(record)
        self.control = ControlPlane(
            self, "--cluster-cidr", NETWORK, "--kubelets", ",".join(NAMES)
        )
        containerd = unpack("containerd", self.folder / "containerd") / "usr/bin"
        build = [CONTROL_PLANE, "build"]  # prints where it is; tests/run.sh has it built before
        kubernetes = subprocess.run(build, stdout=subprocess.PIPE, text=True, check=True).stdout
        programs = [Path(kubernetes.strip()), containerd, Path(hostgwd()).parent]
        self.machines = [
            Machine(self, Node(name, address, ""), programs)
            for name, address in zip(NAMES, ADDRESSES)
        ]
        self.hosts.update({machine.name: machine for machine in self.machines})

    def up(self) -> None:
        """Until all kubelets have registered."""
        begun = time.monotonic()

        def say(what: str) -> None:
            print(f"cluster: [{time.monotonic() - begun:3.0f} s] {what}", file=sys.stderr)

        archives = [pod_image(self.folder), *hostgwd_images()]
        if not self.control.answers():
            self._renew_control_plane()
        say("starting the machines")
        with ThreadPoolExecutor(len(self.machines)) as pool:
            list(pool.map(lambda machine: self._up(machine, archives), self.machines))
        say("waiting for kubelets to register")
        poll_equal(self.registered, sorted(NAMES), "Nodes", REGISTERED)
        say(f"up: kubectl --kubeconfig={self.control.kubeconfig('admin')}")

    def _up(self, machine: Machine, archives: list[Path]) -> None:
        if not machine.is_up:
            machine.power_off()
            machine.configure(self._files(machine))
            machine.boot()
        for archive in archives:
            machine.load_image(archive)

    def _files(self, machine: Machine) -> dict[str, str]:
        control = self.control
        return {
            "containerd/config.toml": (HERE / "containerd.toml").read_text(encoding="utf-8"),
            "kubernetes/ca.crt": (control.folder / "ca.crt").read_text(encoding="ascii"),
            "kubernetes/kubelet.kubeconfig": control.kubeconfig(machine.name).read_text(),
            "kubernetes/kubelet.yaml": (HERE / "kubelet.yaml").read_text(encoding="utf-8"),
            "kubernetes/kube-proxy.kubeconfig": control.kubeconfig("kube-proxy").read_text(),
            "kubernetes/kube-proxy.yaml": (HERE / "kube-proxy.yaml").read_text(encoding="utf-8"),
        }

    def logs(self) -> dict[str, str]:
        """Of the machines' services and of hostgwd's pods, too."""
        found = super().logs()
        for machine in self.machines:
            for path in sorted((machine.data / "var/log").glob("*.log")):
                found[f"{machine.name} {path.name}"] = path.read_text(errors="replace")
            for path in sorted((machine.data / "var/log/pods").glob("kube-flannel_*/*/*.log")):
                found[f"{machine.name} {path.parts[-3]}"] = path.read_text(errors="replace")
        for arguments in (("get", "pods", "-A", "-o", "wide"), ("get", "events", "-A")):
            found["kubectl " + " ".join(arguments)] = self.control.try_kubectl(*arguments).stdout
        return found

    def _renew_control_plane(self) -> None:
        """A new one has new certificates and tokens, which machines get when they boot."""
        for machine in self.machines:
            machine.power_off()
        if self.control.folder.exists():
            self.control.down()
            shutil.rmtree(self.control.folder)
        self.control.up()

    def not_ready(self, since: datetime = LONG_AGO) -> list[str]:
        """Machines whose kubelets have not said since then that they are Ready."""
        nodes = json.loads(self.control.kubectl("get", "nodes", "-o", "json"))["items"]
        ready = {node["metadata"]["name"] for node in nodes if is_ready(node, since)}
        return sorted(set(NAMES) - ready)

    def wait_all_ready(self, seconds: float, since: datetime = LONG_AGO) -> None:
        poll_equal(lambda: self.not_ready(since), [], "nodes that are not Ready", seconds)

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.machines if machine.name == name)

    def registered(self) -> list[str]:
        names = self.control.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
        return sorted(names.split())


def bring_up() -> Cluster:
    """The cluster that stays until `down`."""
    with one_at_a_time(PARENT):
        cluster_folder().mkdir(exist_ok=True)
        cluster = Cluster(Record(cluster_folder()))
        cluster.up()
        return cluster
