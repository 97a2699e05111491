# SPDX-License-Identifier: GPL-2.0-or-later
"""A routed pod network from a file of nodes, without Kubernetes."""

import re
import time
from pathlib import Path
from typing import Callable

import pytest

import nodes_file
from lab import INTERNET, WALK_THROUGH, Lab, Node, Worker, write_atomically
from process import Process, RouteMonitor
from waiting import poll, poll_equal

SUBNET_ENV = """\
FLANNEL_NETWORK=10.1.0.0/16
FLANNEL_SUBNET=10.1.0.1/24
FLANNEL_MTU=1500
FLANNEL_IPMASQ=true
"""

LOG_LINES = [
    "Determining IP address of default interface",
    "Using interface with name ens192 and address 192.168.2.44",
    r"Defaulting external address to interface address \(192.168.2.44\)",
    "Found network config - Backend type: host-gw",
    "Wrote subnet file to ",
    "Running backend.",
    "Watching for new subnet leases",
]


def started(lab: Lab) -> tuple[Worker, Process]:
    """Routes stand on the first worker, the only one with a daemon."""
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    daemon = worker.start_daemon()
    worker.wait_routes(lab.nodes)
    poll(worker.subnet_file.exists, "subnet.env is written")
    return worker, daemon


def changes(monitor: RouteMonitor) -> list[str]:
    """What happened to which destination, in order."""
    return [event.split(" via ")[0] for event in monitor.events()]


@pytest.mark.parametrize(
    "write",
    [
        nodes_file.short_yaml,
        nodes_file.short_json,
        nodes_file.kubectl_yaml,
        nodes_file.kubectl_json,
    ],
)
def test_walk_through(lab: Lab, write: Callable[[list[Node]], str]) -> None:
    lab.write_nodes_file(write(lab.nodes))
    daemons = lab.start_daemons()
    first = lab.workers[0]
    poll_equal(first.route_text, WALK_THROUGH, "ip route show on kubworker1")
    poll(first.subnet_file.exists, "subnet.env is written")
    assert first.subnet_file.read_text() == SUBNET_ENV
    for worker in lab.workers:
        worker.wait_routes(lab.nodes)
    daemons[0].wait_log(r"(?s)" + ".*".join(LOG_LINES))
    for node in lab.nodes[1:]:
        daemons[0].wait_log(f"Subnet added: {node.pod_cidr} via {node.address}$")

    lab.add_pods()
    assert not lab.unreachable_pairs()
    for worker in lab.workers:
        assert worker.pod and worker.pod.ping(INTERNET), f"{worker.name}: not masqueraded"
    assert lab.outside.seen() == {node.address for node in lab.nodes}


def test_own_node_gets_no_route_and_names_decide(lab: Lab) -> None:
    """Order in the file does not matter, and --node-name says who we are."""
    lab.write_nodes_file(nodes_file.short_yaml(reversed(lab.nodes)))
    lab.start_daemons()
    for worker in lab.workers:
        worker.wait_routes(lab.nodes)
        assert worker.node.pod_cidr not in worker.routes()


def test_sigterm_leaves_routes_and_rules(lab: Lab) -> None:
    lab.add_pods()
    worker, daemon = started(lab)
    others = [other.start_daemon() for other in lab.workers[1:]]
    for other in lab.workers[1:]:
        other.wait_routes(lab.nodes)
    poll(lambda: "masquerade" in worker.rules(), "masquerade rules")
    before = worker.route_text(), worker.rules()
    for process in [daemon, *others]:
        assert process.stop() == 0
    assert (worker.route_text(), worker.rules()) == before
    assert not lab.unreachable_pairs()
    assert worker.pod and worker.pod.ping(INTERNET)


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_restart_changes_nothing(lab: Lab, end: Callable[[Process], object]) -> None:
    """Routes stay untouched and pings across nodes go on, also after a crash."""
    lab.add_pods()
    worker, daemon = started(lab)
    peer = lab.workers[1]
    peer.start_daemon()
    peer.wait_routes(lab.nodes)
    assert worker.pod
    pings = worker.pod.start("ping", "-n", "-i", "0.01", "10.1.4.10", name="ping")
    pings.wait_log("icmp_seq=1 ")
    monitor = worker.monitor_routes()

    end(daemon)
    worker.start_daemon().wait_log("Watching for new subnet leases")
    # The next change is carried out after whatever the start made it do.
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[:-1]))
    worker.wait_routes(lab.nodes[:-1])
    assert changes(monitor) == ["Deleted 10.1.3.0/24"]
    pings.interrupt()
    counts = re.search(r"(\d+) packets transmitted, (\d+) received", pings.log())
    assert counts and int(counts[1]) == int(counts[2]) > 1


def test_node_that_left_while_the_daemon_was_down(lab: Lab) -> None:
    worker, daemon = started(lab)
    daemon.kill()
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[:-1]))
    worker.start_daemon()
    worker.wait_routes(lab.nodes[:-1])


def test_node_leaves_and_joins(lab: Lab) -> None:
    """By events alone: the daemon looks by itself every five minutes, far beyond the patience."""
    worker, daemon = started(lab)
    for nodes in (lab.nodes[:-1], lab.nodes) * 2:
        lab.write_nodes_file(nodes_file.short_yaml(nodes))
        worker.wait_routes(nodes)
    daemon.wait_log(r"Subnet removed: 10\.1\.3\.0/24$")


def test_route_taken_away_by_hand_comes_back(lab: Lab) -> None:
    worker, daemon = started(lab)
    worker.batch("route del 10.1.4.0/24")
    worker.wait_routes(lab.nodes)
    daemon.wait_log(r"^W.*Route restored: 10\.1\.4\.0/24 via 192\.168\.2\.45;")


def test_changed_address_is_replaced_in_place(lab: Lab) -> None:
    """No gap: the kernel is told of the new next hop, never to delete the old."""
    worker, _ = started(lab)
    monitor = worker.monitor_routes()
    moved = [*lab.nodes[:-1], Node("kubworker5", "192.168.2.99", "10.1.3.0/24")]
    lab.write_nodes_file(nodes_file.short_yaml(moved))
    worker.wait_routes(moved)
    assert changes(monitor) == ["10.1.3.0/24"]


BROKEN = {
    "yaml": ("- {name: a, podCIDR: 10.1.9.0/24, address: 192.168.2.50}\n- {name: b\n", r"\D[23]\b"),
    "json": ('[\n{"name": "a", "podCIDR": "10.1.9.0/24",\n', r"\D3\b"),
    "json-value": ('[{"name": "a",\n "podCIDR": 10.1.9.0/24}]\n', r"\D2\b"),
    "no-name": ("- {podCIDR: 10.1.9.0/24, address: 192.168.2.50}\n", r"name"),
    "cidr": ("- {name: a, podCIDR: 10.1.9.0/240, address: 192.168.2.50}\n", r"10\.1\.9\.0/240"),
    "address": ("- {name: a, podCIDR: 10.1.9.0/24, address: 192.168.2}\n", r"192\.168\.2\b"),
    "twice": ("- {name: a, podCIDR: 10.1.9.0/24, address: 192.168.2.50}\n" * 2, r"twice"),
    "no-cidr": ("- {name: a, podCidr: 10.1.9.0/24, address: 192.168.2.50}\n", r"no podCIDR"),
    "no-address": ("- {name: a, podCIDR: 10.1.9.0/24}\n", r"no address"),
    "no-node": ("[]\n", r"no node"),
    "empty": ("", r"empty"),
    "garbage": ("\0\1\2", r"\D1\b"),
}


@pytest.mark.parametrize("text, clue", BROKEN.values(), ids=BROKEN)
def test_broken_file_changes_nothing(lab: Lab, text: str, clue: str) -> None:
    """One line names the file and the place; the last good routes stay until it is mended."""
    worker, daemon = started(lab)
    monitor = worker.monitor_routes()
    seen = daemon.log_end()
    lab.write_nodes_file(text)
    line = daemon.wait_log(r"^[WE].*nodes\.yaml.*$", since=seen)[0]
    assert re.search(clue, line.partition("nodes.yaml")[2]), line
    assert changes(monitor) == []
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[:-1]))
    worker.wait_routes(lab.nodes[:-1])
    assert changes(monitor) == ["Deleted 10.1.3.0/24"]


def write_in_place(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def write_as_config_map(path: Path, text: str) -> None:
    """kubelet's way: the file is a link through a folder link that is replaced."""
    version = path.with_name(f"..{time.monotonic_ns()}")
    version.mkdir()
    (version / path.name).write_text(text, encoding="utf-8")
    link = path.with_name("..data_tmp")
    link.symlink_to(version.name)
    link.rename(path.with_name("..data"))
    if not path.is_symlink():
        path.unlink(missing_ok=True)
        path.symlink_to(f"..data/{path.name}")


@pytest.mark.parametrize("write", [write_atomically, write_in_place, write_as_config_map])
def test_ways_to_replace_the_file(lab: Lab, write: Callable[[Path, str], None]) -> None:
    worker = lab.workers[0]
    write(lab.nodes_file, nodes_file.short_yaml(lab.nodes))
    worker.start_daemon()
    worker.wait_routes(lab.nodes)
    for nodes in (lab.nodes[:-1], lab.nodes[:-2], lab.nodes):
        write(lab.nodes_file, nodes_file.short_yaml(nodes))
        worker.wait_routes(nodes)


def test_file_that_goes_away_changes_nothing(lab: Lab) -> None:
    worker, daemon = started(lab)
    monitor = worker.monitor_routes()
    lab.nodes_file.unlink()
    daemon.wait_log(r"^[WE].*nodes\.yaml: no such file")
    assert changes(monitor) == []
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[:-1]))
    worker.wait_routes(lab.nodes[:-1])
    assert changes(monitor) == ["Deleted 10.1.3.0/24"]
