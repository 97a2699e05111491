# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd in the cluster, as deploy/hostgwd.yaml installs it."""

import json
import time
from pathlib import Path
from typing import Any

from machine import Machine
from cluster import Cluster
from waiting import poll, poll_equal

MANIFEST = Path(__file__).parents[2] / "deploy/hostgwd.yaml"
NAMESPACE = "kube-flannel"
SET = "daemonset/kube-flannel-ds"
CONTAINER = "kube-flannel"
IMAGE = "localhost/hostgwd:latest"
PREVIOUS = "localhost/hostgwd:previous"
READY = 240.0  # seconds, on a busy machine


class DaemonSet:
    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._control = cluster.control

    def _kubectl(self, *arguments: str) -> str:
        return self._control.kubectl("--namespace", NAMESPACE, *arguments)

    def apply(self) -> None:
        self._control.kubectl("apply", "-f", str(MANIFEST))

    def install(self) -> float:
        """Until all nodes are Ready; returns the seconds."""
        begun = time.monotonic()
        self.apply()
        self._cluster.wait_all_ready(READY)
        taken = time.monotonic() - begun
        self.wait_rolled_out()
        return taken

    def uninstall(self) -> None:
        """The manifest's objects go; what the daemons made on the nodes stays."""
        self._control.kubectl("delete", "--ignore-not-found", "-f", str(MANIFEST))

    def wait_rolled_out(self) -> None:
        self._kubectl("rollout", "status", SET, f"--timeout={READY:g}s")
        # It counts pods that are there; a node that is away has none.
        poll_equal(lambda: len(self.pods()), len(self._cluster.machines), "a pod on each", READY)

    def roll_out(self, *change: str) -> None:
        """`kubectl rollout restart`, `kubectl set image` ..., until it is done."""
        self._kubectl(*change)
        self.wait_rolled_out()

    def pods(self) -> dict[str, dict[str, Any]]:
        """Those that run and are not on their way out, by node."""
        found = json.loads(self._kubectl("get", "pods", "-l", "app=flannel", "-o", "json"))
        return {
            pod["spec"]["nodeName"]: pod
            for pod in found["items"]
            if pod["status"]["phase"] == "Running"
            and "deletionTimestamp" not in pod["metadata"]
            and all(c["ready"] for c in pod["status"].get("containerStatuses", []))
        }

    def containers(self) -> dict[str, str]:
        """What runs, by node; another one after it has ended."""
        return {
            node: pod["status"]["containerStatuses"][0]["containerID"]
            for node, pod in self.pods().items()
        }

    def wait_restarted(self, before: dict[str, str]) -> None:
        """Until none of these containers is the one that runs."""
        names = [machine.name for machine in self._cluster.machines]

        def restarted() -> bool:
            now = self.containers()
            return all(now.get(name) not in (None, before[name]) for name in names)

        poll(restarted, "other containers run", READY)

    def uids(self) -> list[str]:
        return [pod["metadata"]["uid"] for pod in self.pods().values()]

    def versions(self) -> list[str]:
        """What each daemon says it is."""
        return [self.run(m, "hostgwd", "version").splitlines()[0] for m in self._cluster.machines]

    def name_on(self, machine: Machine) -> str:
        """Of the pod there, once it is ready."""
        pods = poll(
            lambda: (p := self.pods()).get(machine.name) and p, f"a pod on {machine.name}", READY
        )
        return pods[machine.name]["metadata"]["name"]

    def log(self, machine: Machine) -> str:
        return self._kubectl("logs", self.name_on(machine))

    def run(self, machine: Machine, *command: str) -> str:
        """A program in the container: `kubectl exec`."""
        return self._kubectl("exec", self.name_on(machine), "--", *command)

    def delete_at_once(self, name: str) -> None:
        """Without the time to end by itself."""
        self._kubectl("delete", "pod", name, "--grace-period=0", "--force")

