# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd through what happens to a real control plane in its life.

After each fault the routes are those to the cluster's Nodes, and none was touched whose Node
stayed.
"""

import base64
import json
import shutil
import time
from itertools import count
from pathlib import Path
from typing import Generator

import pytest

from control_plane import ADDRESS, SERVER, ControlPlane, node_manifest
from fake_access import Kubeconfig, Pki
from lab import NODES, Lab, Node
from process import Process
from waiting import poll_equal

RECOVERY = 60.0  # seconds
NO_PACKETS = 45.0
BOTH = ("kube-apiserver", "etcd")  # in the order in which they stop

DROP = """
table inet fault {
    chain input { type filter hook input priority 0; tcp sport 6443 drop; }
    chain output { type filter hook output priority 0; tcp dport 6443 drop; }
}"""
REFUSE = """
table inet fault {
    chain input { type filter hook input priority 0; tcp sport 6443 drop; }
    chain output { type filter hook output priority 0; tcp dport 6443 reject with tcp reset; }
}"""


class Site:
    """A worker whose daemon follows the control plane through thick and thin."""

    def __init__(self, lab: Lab, control: ControlPlane):
        self.control = control
        self.worker = lab.workers[0]
        self.nodes: dict[str, Node] = {}
        self._numbers = count(100)
        for node in NODES:
            self.create(node)
        self.change()
        self.token_file = self.worker.folder / "token"
        self.ca_file = self.worker.folder / "ca.crt"
        self.token_file.write_text(self.token(), encoding="ascii")
        self.ca_file.write_bytes((control.folder / "ca.crt").read_bytes())
        config = Kubeconfig(SERVER, ca=self.ca_file, token_file=self.token_file)
        config.write(self.worker.folder / "kubeconfig")
        self.monitor = self.worker.monitor_routes()
        self._told = 0
        self.daemon = self.start_daemon()
        self.wait_routes()
        self._told = len(self.monitor.events())

    def start_daemon(self) -> Process:
        return self.worker.run_hostgwd(
            "--kube-subnet-mgr", f"--kubeconfig-file={self.worker.folder / 'kubeconfig'}",
            *self.worker.host_arguments(),
        )  # fmt: skip

    def restart_daemon(self) -> None:
        """So that it does not wait longer and longer from fault to fault."""
        assert self.daemon.stop() == 0
        self.daemon = self.start_daemon()
        self.daemon.wait_log("Watching for new subnet leases")

    def token(self) -> str:
        lines = (self.control.folder / "pki/tokens.csv").read_text().splitlines()
        return next(line.split(",")[0] for line in lines if line.endswith(",hostgwd"))

    def create(self, node: Node) -> None:
        self.nodes[node.name] = node
        manifest = node_manifest(node.name, podCIDR=node.pod_cidr, podCIDRs=[node.pod_cidr])
        addresses = [{"type": "InternalIP", "address": node.address}]
        self.control.create({**manifest, "status": {"addresses": addresses}})

    def change(self) -> None:
        """A Node goes and one comes."""
        for name in [name for name in self.nodes if name.startswith("passing-")]:
            del self.nodes[name]
            self.control.kubectl("delete", "node", name)
        number = next(self._numbers)
        self.create(Node(f"passing-{number}", "192.168.2.60", f"10.1.{number}.0/24"))

    def wait_routes(self) -> None:
        """And that they are those to the Nodes which the API server knows."""
        wanted = {n.pod_cidr: n.address for n in self.nodes.values() if n.name != self.worker.name}
        begun = time.monotonic()
        poll_equal(self.worker.routes, wanted, "routes", RECOVERY)
        print(f"routes are right {time.monotonic() - begun:.2f} s after the fault")
        known = json.loads(self.control.kubectl("get", "nodes", "-o", "json"))["items"]
        assert {node["metadata"]["name"] for node in known} == set(self.nodes)

    def check_events(self) -> None:
        """Only routes to Nodes that come and go were touched."""
        events = self.monitor.events()
        new, self._told = events[self._told :], len(events)
        for event in new:
            assert int(event.removeprefix("Deleted ").split(".")[2]) >= 100, event

    def block(self, rules: str) -> None:
        self.worker.run("nft", rules)

    def unblock(self) -> None:
        self.worker.run("nft", "delete table inet fault")


@pytest.fixture(scope="module")
def lab() -> Generator[Lab, None, None]:
    with Lab(workers=1) as made:
        yield made


@pytest.fixture(scope="module")
def site(lab: Lab) -> Generator[Site, None, None]:
    with ControlPlane(lab) as control:
        yield Site(lab, control)


@pytest.fixture(autouse=True)
def nothing_else_happened(site: Site) -> Generator[None, None, None]:
    site.restart_daemon()
    yield
    site.wait_routes()
    site.check_events()
    assert site.daemon.running


def test_api_server_crashes(site: Site) -> None:
    seen = site.daemon.log_end()
    site.control.kill("kube-apiserver")
    site.daemon.wait_log(r"^W.*192\.168\.2\.40:6443", since=seen)
    site.control.start("kube-apiserver")
    site.change()


def test_etcd_is_compacted(site: Site) -> None:
    """The daemon's version is gone when it comes back: what left meanwhile is told by no event."""
    seen = site.daemon.log_end()
    site.control.stop("kube-apiserver")
    site.block(REFUSE)
    site.control.start("kube-apiserver")
    site.daemon.wait_log("^W", since=seen)
    site.change()
    site.change()
    everything = {"key": base64.b64encode(b"\0").decode(), "count_only": True}
    revision = site.control.ask_etcd("/v3/kv/range", everything)["header"]["revision"]
    site.control.ask_etcd("/v3/kv/compaction", {"revision": revision, "physical": True})
    # The API server's own cache would still know.
    site.control.stop("kube-apiserver")
    site.control.start("kube-apiserver")
    site.unblock()


def test_packets_are_dropped(site: Site) -> None:
    """No FIN, no RST: only silence, in both directions."""
    seen = site.daemon.log_end()
    begun = time.monotonic()
    site.block(DROP)
    site.change()
    site.daemon.wait_log("^W.*Node", 2 * NO_PACKETS, since=seen)
    print(f"noticed after {time.monotonic() - begun:.1f} s")
    time.sleep(max(0.0, begun + NO_PACKETS - time.monotonic()))
    site.unblock()


def test_token_is_replaced(site: Site) -> None:
    tokens = site.control.folder / "pki/tokens.csv"
    old, new = site.token(), "0123456789abcdef" * 4
    site.control.stop("kube-apiserver")
    tokens.write_text(tokens.read_text().replace(old, new))
    site.token_file.write_text(new + "\n", encoding="ascii")
    site.control.start("kube-apiserver")
    site.change()
    site.wait_routes()
    assert old not in site.daemon.log() and new not in site.daemon.log()


def test_etcd_is_restored_from_an_older_snapshot(site: Site) -> None:
    """Resource versions go back; a watch from the daemon's would be silent for ever."""
    control = site.control
    data, snapshot = control.folder / "data", control.folder / "snapshot"
    site.change()
    site.wait_routes()
    for component in BOTH:
        control.stop(component)
    shutil.copytree(data, snapshot)
    for component in reversed(BOTH):
        control.start(component)
    then = dict(site.nodes)
    for _ in range(5):
        site.change()
    site.wait_routes()
    for component in BOTH:
        control.stop(component)
    shutil.rmtree(data)
    snapshot.rename(data)
    site.nodes = then
    for component in reversed(BOTH):
        control.start(component)
    site.wait_routes()
    site.change()


def test_ca_and_certificate_are_replaced(site: Site, tmp_path: Path) -> None:
    control = site.control
    pki = Pki(tmp_path, "new-ca")
    names = f"IP:{ADDRESS},IP:127.0.0.1,DNS:kubernetes,DNS:kubernetes.default.svc"
    certificate, key = pki.certificate("new-server", "/CN=kube-apiserver", names)
    bundle = (control.folder / "ca.crt").read_bytes() + pki.ca.read_bytes()
    admin = json.loads(control.kubectl("config", "view", "--raw", "-o", "json"))
    admin["clusters"][0]["cluster"]["certificate-authority-data"] = base64.b64encode(
        bundle
    ).decode()
    control.kubeconfig("admin").write_text(json.dumps(admin))
    control.stop("kube-apiserver")
    control.change_command("kube-apiserver", f"{control.folder}/pki/server.crt", str(certificate))
    control.change_command("kube-apiserver", f"{control.folder}/pki/server.key", str(key))
    seen = site.daemon.log_end()
    control.start("kube-apiserver")
    line = site.daemon.wait_log("^W.* is not signed by the CA in .*$", RECOVERY, since=seen)[0]
    assert str(site.ca_file) in line
    site.ca_file.write_bytes(pki.ca.read_bytes())
    site.change()
