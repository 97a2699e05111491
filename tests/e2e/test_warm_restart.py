# SPDX-License-Identifier: GPL-2.0-or-later
"""A restart costs the real API server no list, and routes do not wait for it."""

import re
from typing import Generator

import pytest

from control_plane import ControlPlane, node_manifest
from lab import NODES, Lab, Node, Worker

CAUGHT_UP = "All that changed since the last run is known"
LATEST_BOOKMARK = 120.0  # seconds; they come each minute, and 90 s without one do as well


def create(control: ControlPlane, node: Node) -> None:
    """With its pod CIDR, so that nobody waits for the allocator."""
    manifest = node_manifest(node.name, podCIDR=node.pod_cidr, podCIDRs=[node.pod_cidr])
    manifest["status"] = {"addresses": [{"type": "InternalIP", "address": node.address}]}
    control.create(manifest)


def lists(control: ControlPlane) -> int:
    """Of Nodes, by anybody, since the API server started."""
    pattern = r'^apiserver_request_total\{.*resource="nodes".*verb="LIST".*\} (\d+)$'
    text = control.kubectl("get", "--raw", "/metrics")
    return sum(int(count) for count in re.findall(pattern, text, re.MULTILINE))


@pytest.fixture(scope="module")
def cluster() -> Generator[tuple[ControlPlane, Worker], None, None]:
    with Lab(workers=1) as lab, ControlPlane(lab) as control:
        control.stop("kube-controller-manager")  # it lists Nodes, too
        for node in NODES:
            create(control, node)
        yield control, lab.workers[0]


def test_restart_resumes_without_a_list(cluster: tuple[ControlPlane, Worker]) -> None:
    control, worker = cluster
    daemon = control.start_daemon(worker)
    worker.wait_routes(NODES)
    before = lists(control)
    assert before > 0
    daemon.stop()
    monitor = worker.monitor_routes()
    control.kubectl("delete", "node", "kubworker2", "--wait=false")  # waiting lists
    daemon = control.start_daemon(worker)
    daemon.wait_log("Node controller sync successful: resumed")
    daemon.wait_log(CAUGHT_UP, LATEST_BOOKMARK)
    worker.wait_routes([node for node in NODES if node.name != "kubworker2"])
    assert [event.split(" via ")[0] for event in monitor.events()] == [
        f"Deleted {NODES[1].pod_cidr}"
    ]
    assert lists(control) == before
    create(control, NODES[1])
    worker.wait_routes(NODES)
    daemon.stop()
    assert lists(control) == before


def test_routes_without_the_api_server(cluster: tuple[ControlPlane, Worker]) -> None:
    """As after a power cut: the host is up first."""
    control, worker = cluster
    daemon = control.start_daemon(worker)
    worker.wait_routes(NODES)
    daemon.stop()
    control.stop("kube-apiserver")
    worker.run("ip", "route", "flush", "proto", "72")
    daemon = control.start_daemon(worker)
    worker.wait_routes(NODES)
    control.start("kube-apiserver")
    # A server that has just started may not know the version any more (410): then it is a list.
    daemon.wait_log(f"Node controller sync successful$|{CAUGHT_UP}", LATEST_BOOKMARK)
    control.kubectl("delete", "node", "kubworker5")
    worker.wait_routes(NODES[:-1])
    daemon.stop()
