# SPDX-License-Identifier: GPL-2.0-or-later
"""Services of a real kube-proxy (iptables mode) through nodes that hostgwd routes and masquerades
for: who asks whom by which address, and what source address the pod that answers sees."""

import re
import socket
import sys
from dataclasses import dataclass
from typing import Any, Generator

import pytest

from control_plane import ControlPlane, node_manifest
from lab import NETWORK, NODES, ROUTER, Lab, Worker
from namespace import Namespace
from private_root import PrivateRoot
from process import Process
from waiting import poll, poll_equal

PORT = 8080
PROGRAMMED = 60.0  # seconds, for kube-proxy on a busy machine
ONE, TWO = NODES[0], NODES[1]

# Tells who asks what address it came with.
SERVER = """
import socket, sys
listener = socket.create_server(("", int(sys.argv[1])))
while True:
    asking, peer = listener.accept()
    asking.sendall(peer[0].encode())
    asking.close()
"""


@dataclass(frozen=True)
class Service:
    """With one endpoint, the pod of a node, so that it is known who answers."""

    name: str
    address: str
    node_port: int
    node: int  # index in NODES
    policy: str = "Cluster"  # externalTrafficPolicy


SERVICES = {
    "one": Service("one", "10.96.0.11", 30001, 0),
    "two": Service("two", "10.96.0.12", 30002, 1),
    "here": Service("here", "10.96.0.13", 30003, 0, "Local"),
}


def manifests(service: Service) -> list[dict[str, Any]]:
    """The Service, and what the controller for endpoints makes where pods are real."""
    node = NODES[service.node]
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": service.name, "namespace": "default"},
            "spec": {
                "type": "NodePort",
                "clusterIP": service.address,
                "externalTrafficPolicy": service.policy,
                "ports": [{"port": 80, "targetPort": PORT, "nodePort": service.node_port}],
            },
        },
        {
            "apiVersion": "discovery.k8s.io/v1beta1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": service.name,
                "namespace": "default",
                "labels": {"kubernetes.io/service-name": service.name},
            },
            "addressType": "IPv4",
            "ports": [{"name": "", "port": PORT, "protocol": "TCP"}],
            "endpoints": [
                {
                    "addresses": [node.pod_address(10)],
                    "conditions": {"ready": True},
                    "topology": {"kubernetes.io/hostname": node.name},
                }
            ],
        },
    ]


def start_kube_proxy(control: ControlPlane, worker: Worker, variant: str) -> None:
    """As a DaemonSet runs it, but with the iptables that is asked for. In a private root because
    of its lock in /run."""
    root = PrivateRoot(worker)
    kubeconfig = control.kubeconfig("admin").read_text()
    root.write("/etc/kube-proxy.kubeconfig", kubeconfig)
    root.run("mkdir", "/opt/variant")
    for name in ("iptables", "iptables-save", "iptables-restore"):
        for family in (name, name.replace("ip", "ip6", 1)):
            root.run("ln", "-s", f"/usr/sbin/xtables-{variant}-multi", f"/opt/variant/{family}")
    program = (control.folder / "bin").resolve() / "kube-proxy"
    proxy = root.start(
        "env", "PATH=/opt/variant:/usr/sbin:/usr/bin:/sbin:/bin", str(program),
        "--kubeconfig=/etc/kube-proxy.kubeconfig", f"--hostname-override={worker.name}",
        "--proxy-mode=iptables", f"--cluster-cidr={NETWORK}",
        # Limits of the machine are not for a test to change.
        "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
        "--healthz-bind-address=", "--metrics-bind-address=127.0.0.1:10249",
        name="kube-proxy",
    )  # fmt: skip
    proxy.wait_log("Using iptables Proxier", PROGRAMMED)


class Cluster:
    """Two nodes with a daemon, kube-proxy and a pod each."""

    def __init__(self, lab: Lab, control: ControlPlane):
        self.lab = lab
        self.control = control
        self.daemons: list[Process] = []
        self.askers: dict[str, Namespace] = {"outside": lab.outside}

    def set_up(self, variant: str) -> None:
        for node in NODES[:2]:
            manifest = node_manifest(node.name, podCIDR=node.pod_cidr, podCIDRs=[node.pod_cidr])
            manifest["status"] = {"addresses": [{"type": "InternalIP", "address": node.address}]}
            self.control.create(manifest)
        for service in SERVICES.values():
            for manifest in manifests(service):
                self.control.create(manifest)
        for number, worker in enumerate(self.lab.workers, 1):
            pod = worker.add_pod()
            pod.start(sys.executable, "-c", SERVER, str(PORT), name="server")
            self.askers[f"host {number}"] = worker
            self.askers[f"pod {number}"] = pod
            self.daemons.append(self.control.start_daemon(worker))
            start_kube_proxy(self.control, worker, variant)
        for worker in self.lab.workers:
            worker.wait_routes(NODES[:2])

    def come_last(self) -> None:
        """Of chains with one priority the kernel asks those first that came last."""
        for number, worker in enumerate(self.lab.workers):
            self.daemons[number].stop()
            worker.run("nft", "delete", "table", "inet", "hostgw")
            self.daemons[number] = self.control.start_daemon(worker)
            self.daemons[number].wait_log("Watching for new subnet leases")

    def ask(self, asker: str, address: str, port: int) -> str:
        """What the server saw; empty: no answer."""

        def connect() -> str:
            try:
                with socket.create_connection((address, port), 1) as connected:
                    return connected.recv(64).decode()
            except OSError:
                return ""

        return self.askers[asker].inside(connect)

    def counter(self, number: int, comment: str) -> int:
        """Packets that a rule of hostgwd on a worker has seen."""
        text = self.lab.workers[number].run("nft", "list", "table", "inet", "hostgw").stdout
        found = re.search(rf'packets (\d+) .*comment "{comment}"', text)
        assert found, text
        return int(found[1])


@pytest.fixture(scope="module", params=["nft", "legacy"])
def cluster(request: pytest.FixtureRequest) -> Generator[Cluster, None, None]:
    with Lab(workers=2) as lab, ControlPlane(lab) as control:
        made = Cluster(lab, control)
        made.set_up(request.param)
        yield made


BRIDGE_1, BRIDGE_2 = ONE.pod_address(1), TWO.pod_address(1)
POD_1, POD_2 = ONE.pod_address(10), TWO.pod_address(10)

# Who asks for which service: what its pod sees. Pods keep their address; for all others kube-proxy
# has the node masquerade, once, with the address it has towards that pod.
CLUSTER_IP = [
    ("pod 1", "two", POD_1),
    ("pod 2", "one", POD_2),
    ("host 1", "one", BRIDGE_1),
    ("host 1", "two", ONE.address),
    ("host 2", "one", TWO.address),
    ("host 2", "two", BRIDGE_2),
]

# Who asks a node for which service: what its pod sees.
NODE_PORT = [
    ("outside", ONE, "one", BRIDGE_1),
    ("outside", ONE, "two", ONE.address),  # on another node
    ("outside", TWO, "one", TWO.address),
    ("outside", TWO, "two", BRIDGE_2),
    ("pod 1", ONE, "two", ONE.address),
    ("pod 1", TWO, "two", BRIDGE_2),
    ("pod 2", ONE, "one", BRIDGE_1),
    ("host 1", TWO, "one", TWO.address),
    ("host 2", ONE, "one", BRIDGE_1),
    ("outside", ONE, "here", ROUTER),  # externalTrafficPolicy: Local keeps the client's address
]


def test_cluster_ip(cluster: Cluster) -> None:
    for asker, name, seen in CLUSTER_IP:
        poll_equal(lambda: cluster.ask(asker, SERVICES[name].address, 80), seen,
                   f"{asker} asks for {name}", PROGRAMMED)  # fmt: skip


def test_node_port(cluster: Cluster) -> None:
    for asker, node, name, seen in NODE_PORT:
        poll_equal(lambda: cluster.ask(asker, node.address, SERVICES[name].node_port), seen,
                   f"{asker} asks {node.name} for {name}", PROGRAMMED)  # fmt: skip


def test_kube_proxy_alone_masquerades(cluster: Cluster) -> None:
    """What it has marked is left to it, also by the second node on the way, and also where ours are
    asked first."""
    ours = ("outside to pods of other nodes", "pods to the outside")
    two = (ONE.address, SERVICES["two"].node_port)
    for last in ("kube-proxy", "hostgwd"):
        if last == "hostgwd":
            cluster.come_last()
        poll(lambda: cluster.ask("outside", *two), "the service works", PROGRAMMED)
        before = [[cluster.counter(n, comment) for comment in ours] for n in (0, 1)]
        left = cluster.counter(0, "left to kube-proxy")
        for _ in range(5):
            assert cluster.ask("outside", *two) == ONE.address, last
        assert [[cluster.counter(n, comment) for comment in ours] for n in (0, 1)] == before, last
    assert cluster.counter(0, "left to kube-proxy") >= left + 5
