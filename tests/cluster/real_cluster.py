# SPDX-License-Identifier: GPL-2.0-or-later
"""A real cluster on one machine: a control plane, three machines with containerd, kubelet and
kube-proxy, and an outside, on one switch. Bringing it up goes on from wherever it stands."""

import json
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from cluster import SCRIPT as CONTROL_PLANE
from cluster import ControlPlane
from images import hostgwd_images, pod_image, unpack
from lab import Network, Node, hostgwd
from machine import HERE, Machine
from record import Record
from waiting import poll_equal

# What deploy/hostgwd.yaml says unless it is told otherwise; the controller manager hands it out.
NETWORK = "10.244.0.0/16"
NAMES = ("node1", "node2", "node3")
ADDRESSES = ("192.168.2.44", "192.168.2.45", "192.168.2.46")
REGISTERED = 60.0  # seconds


def is_ready(node: dict[str, Any]) -> bool:
    conditions = node["status"].get("conditions", [])
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


class Cluster(Network):
    """The record's. Its hosts are there once it is made; `up` does the rest."""

    def __init__(self, record: Record):
        super().__init__(record)
        self.control = ControlPlane(
            self, "--cluster-cidr", NETWORK, "--kubelets", ",".join(NAMES)
        )
        containerd = unpack("containerd", self.folder / "containerd") / "usr/bin"
        kubernetes = subprocess.run([CONTROL_PLANE, "build"], capture_output=True, text=True)
        programs = [Path(kubernetes.stdout.strip()), containerd, Path(hostgwd()).parent]
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

        if not self._control_plane_answers():
            shutil.rmtree(self.control.folder, ignore_errors=True)
            self.control.up()
        say("starting the machines")
        archives = [pod_image(self.folder), *hostgwd_images()]
        with ThreadPoolExecutor(len(self.machines)) as pool:
            list(pool.map(lambda machine: self._up(machine, archives), self.machines))
        say("waiting for kubelets to register")
        poll_equal(self.registered, sorted(NAMES), "Nodes", REGISTERED)
        say(f"up: kubectl --kubeconfig={self.control.kubeconfig('admin')}")

    def _up(self, machine: Machine, archives: list[Path]) -> None:
        if not machine.up:
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

    def _control_plane_answers(self) -> bool:
        try:
            return self.control.try_kubectl("get", "--raw", "/readyz").stdout == "ok"
        except OSError:
            return False  # there is no kubectl yet

    def not_ready(self) -> list[str]:
        """Machines whose Nodes are not Ready, or not there."""
        nodes = json.loads(self.control.kubectl("get", "nodes", "-o", "json"))["items"]
        ready = {node["metadata"]["name"] for node in nodes if is_ready(node)}
        return sorted(set(NAMES) - ready)

    def wait_all_ready(self, seconds: float) -> None:
        poll_equal(self.not_ready, [], "nodes that are not Ready", seconds)

    def machine(self, name: str) -> Machine:
        return next(machine for machine in self.machines if machine.name == name)

    def registered(self) -> list[str]:
        names = self.control.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
        return sorted(names.split())
