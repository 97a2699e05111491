# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of the cluster, one on each node, and the services in front of them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

from images import POD_IMAGE, POD_PORT
from machine import Machine
from namespace import Namespace
from cluster import Cluster
from traffic import PORT as TRAFFIC_PORT
from waiting import poll, poll_equal

HOST_PORT = 8088
NODE_PORT = 30080
SERVICE = "10.96.0.50"
NAME_SERVICE = "10.96.0.10"  # where a cluster's DNS is asked
READY = 240.0  # seconds, on a busy machine
LABELS = {"app": "asked"}

CONTAINER = {"name": "asked", "image": POD_IMAGE, "imagePullPolicy": "Never"}
PORTS = [{"containerPort": POD_PORT, "hostPort": HOST_PORT}]

# In the namespace "default".
MANIFESTS: list[dict[str, Any]] = [
    {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "asked"},
        "spec": {
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "enableServiceLinks": False,
                    "containers": [{**CONTAINER, "ports": PORTS}],
                },
            },
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "asked"},
        "spec": {
            "type": "NodePort",
            "clusterIP": SERVICE,
            "selector": LABELS,
            "ports": [{"port": 80, "targetPort": POD_PORT, "nodePort": NODE_PORT}],
        },
    },
    {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "names"},
        "spec": {
            "clusterIP": NAME_SERVICE,
            "selector": LABELS,
            "ports": [{"port": 53, "protocol": "UDP", "targetPort": TRAFFIC_PORT}],
        },
    },
]


def guest_manifest(node: str) -> dict[str, Any]:
    """A pod that is on this node as long as it can, and on another one else."""
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    preferred = [{"weight": 100, "preference": {"matchExpressions": [here]}}]
    affinity = {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}
    labels = {"app": "guest"}
    spec = {"terminationGracePeriodSeconds": 1, "affinity": affinity, "containers": [CONTAINER]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "guest"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


class Pod(Namespace):
    """The network namespace of a pod, for programs of this machine to run in."""

    def __init__(self, cluster: Cluster, machine: Machine, manifest: dict[str, Any]):
        self.machine = machine
        self.address: str = manifest["status"]["podIP"]
        self._process = process_of(machine, manifest)
        super().__init__(cluster.record, manifest["metadata"]["name"])

    def make(self) -> None:
        """Its name for ip(8): a mount of what containerd's CNI plugins set up."""
        if self.exists():  # of the pod before its machine rebooted, maybe
            subprocess.run(["ip", "netns", "del", self.netns], check=True)
        self._record.add_namespace(self.netns)
        place = Path("/run/netns", self.netns)
        place.touch()
        proc = f"/proc/{self.machine.first_process}/root/proc"
        subprocess.run(["mount", "--bind", f"{proc}/{self._process}/ns/net", place], check=True)


def process_of(machine: Machine, manifest: dict[str, Any]) -> int | None:
    """The id of a pod's process among the machine's own; None: what the API server says of it is
    not so any more."""
    name = manifest["status"]["containerStatuses"][0]["containerID"].removeprefix("containerd://")
    tasks = machine.ctr("tasks", "list", check=False).stdout
    found = re.search(rf"^{name}\s+(\d+)\s+RUNNING", tasks, re.MULTILINE)
    return int(found[1]) if found else None


class Pods:
    def __init__(self, cluster: Cluster):
        self._cluster = cluster

    def apply(self) -> None:
        self._cluster.control.kubectl("apply", "-f", "-", stdin=_text(MANIFESTS))
        poll(self.running, "a pod on each node", READY)

    def delete(self) -> None:
        """Until none is left on any node."""
        kubectl = self._cluster.control.kubectl
        kubectl("delete", "--ignore-not-found", "-f", "-", stdin=_text(MANIFESTS))
        query = ("get", "pods", "-l", "app=asked", "-o", "name")
        poll_equal(lambda: kubectl(*query), "", "pods", READY)

    def delete_on(self, machine: Machine) -> None:
        """Another one takes the place of the pod there."""
        field = f"spec.nodeName={machine.name}"
        self._cluster.control.kubectl(
            "delete", "pods", "-l", "app=asked", f"--field-selector={field}", "--force",
            "--grace-period=0",
        )  # fmt: skip

    def place_guest(self, machine: Machine) -> None:
        text = _text([guest_manifest(machine.name)])
        self._cluster.control.kubectl("apply", "-f", "-", stdin=text)
        poll(lambda: self.node_of_guest() == machine.name, f"a guest on {machine.name}", READY)

    def node_of_guest(self) -> str:
        """Where it runs; empty: nowhere, or in two places."""
        query = "jsonpath={.items[*].spec.nodeName}"
        nodes = self._cluster.control.kubectl(
            "get", "pods", "-l", "app=guest", "--field-selector=status.phase=Running", "-o", query
        ).split()
        return nodes[0] if len(nodes) == 1 else ""

    def delete_guest(self) -> None:
        self._cluster.control.kubectl("delete", "deployment", "guest")

    def manifests(self) -> list[dict[str, Any]]:
        """Of those that are ready."""
        text = self._cluster.control.kubectl("get", "pods", "-l", "app=asked", "-o", "json")
        return [
            pod
            for pod in json.loads(text)["items"]
            if "deletionTimestamp" not in pod["metadata"]
            and any(c["ready"] for c in pod["status"].get("containerStatuses", []))
        ]

    def running(self) -> list[dict[str, Any]] | None:
        """One on each node, in the order of the machines; None: not yet."""
        machines = self._cluster.machines
        found = sorted(self.manifests(), key=lambda pod: pod["spec"]["nodeName"])
        there = [pod["spec"]["nodeName"] for pod in found] == [m.name for m in machines]
        return found if there and all(map(process_of, machines, found)) else None

    def each(self) -> list[Pod]:
        """In the order of the machines."""
        found = poll(self.running, "a pod on each node", READY)
        return [
            Pod(self._cluster, machine, manifest)
            for machine, manifest in zip(self._cluster.machines, found)
        ]


def _text(manifests: list[dict[str, Any]]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": manifests})
