# SPDX-License-Identifier: GPL-2.0-or-later
"""`kubectl apply`, and the nodes turn Ready."""

import re

from daemon_set import DaemonSet
from hosts import PRISTINE, left_by_us, note_pristine, take_away
from measurements import Measurements
from cluster import Cluster
from waiting import poll_equal

# In this order, on a first run.
LINES = (
    r"Determining IP address of default interface",
    r"Using interface with name ens192 and address {address}",
    r"Defaulting external address to interface address \({address}\)",
    r"Waiting 10m0s for node controller to sync",
    r"Starting kube subnet manager",
    r"Node controller sync successful",
    r"Created subnet manager: Kubernetes Subnet Manager - {name}",
    r"Found network config - Backend type: host-gw",
    r"Wrote subnet file to /run/flannel/subnet.env",
    r"Running backend\.",
    r"Watching for new subnet leases",
    r"Subnet added: 10\.244\.\d+\.0/24 via 192\.168\.2\.4[456]",
)


def test_nodes_turn_ready(cluster: Cluster, measured: Measurements) -> None:
    """By what the daemon writes: before, kubelet finds no CNI configuration."""
    daemon_set = DaemonSet(cluster)
    note_pristine(cluster)
    take_away(cluster, daemon_set)
    measured.begin()
    assert [left_by_us(machine) for machine in cluster.machines] == [PRISTINE] * 3
    everyone = [machine.name for machine in cluster.machines]
    poll_equal(cluster.not_ready, everyone, "no node is Ready without a network", 60)
    measured.note_time("from kubectl apply to all nodes Ready", daemon_set.install())
    assert cluster.not_ready() == []


def test_daemon_set_is_ready(installed: DaemonSet, cluster: Cluster) -> None:
    assert set(installed.pods()) == {machine.name for machine in cluster.machines}


def test_log(installed: DaemonSet, cluster: Cluster) -> None:
    for machine in cluster.machines:
        wanted = [line.format(address=machine.address, name=machine.name) for line in LINES]
        log = installed.log(machine)
        found = [re.search(rf"\] {line}$", log, re.MULTILINE) for line in wanted]
        assert all(found), f"{[w for w, f in zip(wanted, found) if not f]} not in\n{log}"
        assert sorted(found, key=lambda match: match.start() if match else 0) == found, log
        # kube-proxy may come to lead to the API server only after the daemon has asked for it.
        assert not re.search(r"^[WEF](?!.*\] (listing|watching) Nodes: )", log, re.MULTILINE), log


def test_status(installed: DaemonSet, cluster: Cluster) -> None:
    for machine in cluster.machines:
        said = installed.run(machine, "hostgwd", "status")
        assert said.endswith("\nAll is well: 3 nodes, 2 of 2 routes in place\n"), said
        assert len(re.findall(" routed$", said, re.MULTILINE)) == 2, said
