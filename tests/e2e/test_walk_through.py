# SPDX-License-Identifier: GPL-2.0-or-later
"""The main job against a real Kubernetes API server, from an empty cluster on."""

import re
from pathlib import Path
from typing import Any, Generator

import pytest

from control_plane import ControlPlane, node_manifest
from lab import INTERNET, WALK_THROUGH, Lab, Node, Worker, hostgwd
from process import Process
from waiting import poll, poll_equal

# In the order in which the walk-through's pod CIDRs 10.1.0.0/24, 10.1.1.0/24, ... belong to them.
ALLOCATION_ORDER = ("kubworker1", "kubworker3", "kubworker4", "kubworker5", "kubworker2")

# The lines that people grep for, in the order of a first run.
LOG_LINES = [
    "Determining IP address of default interface",
    "Using interface with name ens192 and address 192.168.2.44",
    r"Defaulting external address to interface address \(192.168.2.44\)",
    "Waiting 10m0s for node controller to sync",
    "Starting kube subnet manager",
    "Node controller sync successful",
    "Created subnet manager: Kubernetes Subnet Manager - kubworker1",
    "Found network config - Backend type: host-gw",
    "Wrote subnet file to ",
    "Running backend.",
    "Watching for new subnet leases",
]


RBAC = Path(__file__).parents[2] / "deploy/rbac.yaml"

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: hostgwd
contexts:
- {{name: hostgwd, context: {{cluster: here, user: hostgwd}}}}
clusters:
- name: here
  cluster: {{server: "https://192.168.2.40:6443", certificate-authority: "{folder}/ca.crt"}}
users:
- name: hostgwd
  user: {{tokenFile: "{token}"}}
"""


class Cluster:
    """Five Nodes with pod CIDRs, five workers with a daemon each."""

    def __init__(self, lab: Lab, control: ControlPlane):
        self.lab = lab
        self.control = control
        self.daemons: list[Process] = []

    def create_nodes(self) -> None:
        """One after the other, so that each gets the CIDR it has in the walk-through."""
        by_name = {node.name: node for node in self.lab.nodes}
        for name in ALLOCATION_ORDER:
            self.control.create(node_manifest(name))
            assert self.control.pod_cidr(name) == by_name[name].pod_cidr

    def start_daemons(self) -> None:
        self.daemons = [self.control.start_daemon(worker) for worker in self.lab.workers]


@pytest.fixture(scope="module")
def cluster() -> Generator[Cluster, None, None]:
    with Lab() as lab, ControlPlane(lab) as control:
        made = Cluster(lab, control)
        made.create_nodes()
        made.start_daemons()
        yield made


def condition(control: ControlPlane, name: str) -> dict[str, Any] | None:
    conditions = control.node(name)["status"].get("conditions", [])
    return next((c for c in conditions if c["type"] == "NetworkUnavailable"), None)


def wait_all(cluster: Cluster) -> None:
    for worker in cluster.lab.workers:
        worker.wait_routes(cluster.lab.nodes)


def test_routes_as_printed(cluster: Cluster) -> None:
    first = cluster.lab.workers[0]
    poll_equal(first.route_text, WALK_THROUGH, "ip route show on kubworker1")
    print("\n".join(first.route_text()))
    wait_all(cluster)


def test_log_lines_in_order(cluster: Cluster) -> None:
    cluster.daemons[0].wait_log(r"(?s)" + ".*".join(LOG_LINES))
    for node in cluster.lab.nodes[1:]:
        cluster.daemons[0].wait_log(f"Subnet added: {node.pod_cidr} via {node.address}$")


def test_subnet_file(cluster: Cluster) -> None:
    for worker in cluster.lab.workers:
        poll(worker.subnet_file.exists, f"subnet.env of {worker.name}")
        assert worker.subnet_file.read_text() == (
            "FLANNEL_NETWORK=10.1.0.0/16\n"
            f"FLANNEL_SUBNET={worker.node.pod_address(1)}/24\n"
            "FLANNEL_MTU=1500\n"
            "FLANNEL_IPMASQ=true\n"
        )


def test_pods_reach_each_other_and_outside(cluster: Cluster) -> None:
    wait_all(cluster)
    cluster.lab.add_pods()
    assert not cluster.lab.unreachable_pairs()
    for worker in cluster.lab.workers:
        assert worker.pod and worker.pod.ping(INTERNET), f"{worker.name}: not masqueraded"
    assert cluster.lab.outside.seen() == {node.address for node in cluster.lab.nodes}


def test_annotations_and_condition(cluster: Cluster) -> None:
    for node in cluster.lab.nodes:
        poll(lambda: condition(cluster.control, node.name), f"condition of {node.name}")
        assert cluster.control.annotations(node.name) == {
            "kube-subnet-manager": "true",
            "backend-type": "host-gw",
            "backend-data": "null",
            "public-ip": node.address,
        }
        found = condition(cluster.control, node.name)
        assert found and (found["status"], found["reason"]) == ("False", "FlannelIsUp")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["lastTransitionTime"])


def test_node_deleted_and_created_again(cluster: Cluster) -> None:
    """All others follow, the one concerned too; what is left of it is patched anew."""
    lab, control = cluster.lab, cluster.control
    control.kubectl("delete", "node", "kubworker5")
    for worker in lab.workers[:-1]:
        worker.wait_routes(lab.nodes[:-1])
    lab.workers[-1].wait_routes(lab.nodes)  # it still reaches the others
    control.create(node_manifest("kubworker5", podCIDR="10.1.3.0/24", podCIDRs=["10.1.3.0/24"]))
    wait_all(cluster)
    assert control.annotations("kubworker5")["public-ip"] == "192.168.2.48"


def test_node_without_a_daemon_is_reached_by_its_internal_ip(cluster: Cluster) -> None:
    lab, control = cluster.lab, cluster.control
    manifest = node_manifest("kubworker6")
    manifest["status"] = {"addresses": [{"type": "InternalIP", "address": "192.168.2.49"}]}
    control.create(manifest)
    cidr = control.pod_cidr("kubworker6")
    for worker in lab.workers:
        worker.wait_routes([*lab.nodes, Node("kubworker6", "192.168.2.49", cidr)])
    control.kubectl("delete", "node", "kubworker6")
    wait_all(cluster)


def test_restart_changes_nothing_and_patches_nothing(cluster: Cluster) -> None:
    lab, control = cluster.lab, cluster.control
    worker: Worker = lab.workers[0]
    wait_all(cluster)
    poll(lambda: condition(control, worker.name), "the condition")
    version = control.node(worker.name)["metadata"]["resourceVersion"]
    monitor = worker.monitor_routes()
    assert cluster.daemons[0].stop() == 0
    cluster.daemons[0] = control.start_daemon(worker)
    cluster.daemons[0].wait_log("Watching for new subnet leases")
    # A patch that has no effect on the Node would still be seen by its own request: none is sent,
    # so the next change of somebody else's Node is carried out with this one's version untouched.
    control.kubectl("delete", "node", "kubworker5")
    worker.wait_routes(lab.nodes[:-1])
    assert [event.split(" via ")[0] for event in monitor.events()] == ["Deleted 10.1.3.0/24"]
    assert control.node(worker.name)["metadata"]["resourceVersion"] == version
    control.create(node_manifest("kubworker5", podCIDR="10.1.3.0/24", podCIDRs=["10.1.3.0/24"]))
    wait_all(cluster)


def test_api_server_away_and_back(cluster: Cluster) -> None:
    """The routes stay as they are; what changed meanwhile is carried out afterwards."""
    lab, control = cluster.lab, cluster.control
    wait_all(cluster)
    seen = cluster.daemons[0].log_end()
    monitor = lab.workers[0].monitor_routes()
    control.stop("kube-apiserver")
    cluster.daemons[0].wait_log(r"^W.*https://192\.168\.2\.40:6443", since=seen)
    assert not lab.unreachable_pairs()
    assert monitor.events() == []
    control.start("kube-apiserver")
    control.kubectl("delete", "node", "kubworker5")
    for worker in lab.workers[:-1]:
        worker.wait_routes(lab.nodes[:-1])
    control.create(node_manifest("kubworker5", podCIDR="10.1.3.0/24", podCIDRs=["10.1.3.0/24"]))
    wait_all(cluster)


def test_wrong_ca_waits_and_says_so(cluster: Cluster) -> None:
    """One line that names the file; no exit, no route touched; it works once the CA is right."""
    lab, control = cluster.lab, cluster.control
    worker = lab.workers[0]
    cluster.daemons[0].stop()
    wrong = worker.folder / "wrong.kubeconfig"
    authority = worker.folder / "ca.crt"
    authority.write_bytes((control.folder / "wrong-ca.crt").read_bytes())
    right = control.kubeconfig("hostgwd").read_text()
    wrong.write_text(re.sub(r"certificate-authority(-data)?: .*",
                            f"certificate-authority: {authority}", right))
    before = worker.route_text(), worker.rules()
    daemon = worker.run_hostgwd(
        "--kube-subnet-mgr", f"--kubeconfig-file={wrong}", *worker.host_arguments(), "--ip-masq"
    )
    line = daemon.wait_log(r"^W.*certificate.*$")[0]
    assert str(authority) in line and "https://192.168.2.40:6443" in line, line
    assert (worker.route_text(), worker.rules()) == before
    assert daemon.running
    assert daemon.stop() == 0
    cluster.daemons[0] = control.start_daemon(worker)
    wait_all(cluster)


def test_read_only_rights(cluster: Cluster) -> None:
    """Routes come with get, list and watch alone; the missing right is named once."""
    lab, control = cluster.lab, cluster.control
    worker = lab.workers[0]
    cluster.daemons[0].stop()
    control.kubectl("annotate", "node", worker.name, "flannel.alpha.coreos.com/public-ip-")
    daemon = control.start_daemon(worker, kubeconfig="readonly")
    worker.wait_routes(lab.nodes)
    line = daemon.wait_log(r"^W.*nodes/status.*$")[0]
    assert "patch" in line and "ClusterRole" in line, line
    daemon.stop()
    silent = control.start_daemon(worker, "--annotate=false", kubeconfig="readonly")
    silent.wait_log("Watching for new subnet leases")
    assert silent.stop() == 0
    assert "nodes/status" not in silent.log()
    cluster.daemons[0] = control.start_daemon(worker)
    poll_equal(
        lambda: control.annotations(worker.name).get("public-ip"), worker.address, "public-ip"
    )


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "hostgwd-x", "namespace": "kube-flannel"},
    "spec": {
        "nodeName": "kubworker1",
        "serviceAccountName": "hostgwd",
        "containers": [{"name": "hostgwd", "image": "hostgwd"}],
    },
}


def test_service_account_of_the_guide(cluster: Cluster) -> None:
    """deploy/rbac.yaml gives all that is needed: token and CA as files, and the Pod's name instead
    of the Node's, as in the README."""
    lab, control = cluster.lab, cluster.control
    worker = lab.workers[0]
    cluster.daemons[0].stop()
    control.kubectl("annotate", "node", worker.name, "flannel.alpha.coreos.com/public-ip-")
    control.kubectl("apply", "-f", str(RBAC))
    token = worker.folder / "token"
    token.write_text(control.account_token("kube-flannel", "hostgwd"))
    kubeconfig = worker.folder / "kubeconfig"
    kubeconfig.write_text(KUBECONFIG.format(folder=control.folder, token=token))
    control.create(POD)
    daemon = worker.start(
        "env", "POD_NAME=hostgwd-x", "POD_NAMESPACE=kube-flannel", hostgwd(), "--kube-subnet-mgr",
        f"--kubeconfig-file={kubeconfig}",
        *(flag for flag in worker.host_arguments() if not flag.startswith("--node-name")),
        name="hostgwd",
    )  # fmt: skip
    daemon.wait_log("Pod kube-flannel/hostgwd-x runs on node kubworker1")
    daemon.wait_log("Node controller sync successful")
    poll_equal(
        lambda: control.annotations(worker.name).get("public-ip"), worker.address, "public-ip"
    )
    assert daemon.stop() == 0
    cluster.daemons[0] = control.start_daemon(worker)
    wait_all(cluster)
