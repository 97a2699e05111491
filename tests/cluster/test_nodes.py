# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes that come, go, come back as another, and reboot."""

import itertools
import time
from datetime import datetime, timezone
from typing import Any

import pytest

from bare_metal import BareMetal
from control_plane import ControlPlane, node_manifest
from daemon_set import READY, DaemonSet
from machine import Machine
from measurements import Measurements
from pods import Pods
from cluster import Cluster
from waiting import poll, poll_equal

GUEST = "10.244.200.0/24"  # pod CIDRs that the controller manager would hand out last
OTHER, ANOTHER = "10.244.201.0/24", "10.244.202.0/24"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
AWAY = 60.0  # seconds without a control plane


def hosts_routes(machine: Machine) -> dict[str, str]:
    """Ours: gateway by destination."""
    found = machine.ip_json("route", "show", "proto", "72")
    return {route["dst"]: route["gateway"] for route in found}


def wanted_routes(cluster: Cluster, machine: Machine) -> dict[str, str]:
    others = [other for other in cluster.machines if other is not machine]
    return {cluster.control.pod_cidr(other.name): other.address for other in others}


def check_routes(cluster: Cluster) -> None:
    for machine in cluster.machines:
        wanted = wanted_routes(cluster, machine)
        poll_equal(lambda m=machine: hosts_routes(m), wanted, f"routes of {machine.name}", READY)


def check_pods(pods: Pods) -> None:
    """All pairs reach each other."""
    for a, b in itertools.permutations(pods.each(), 2):
        poll(lambda a=a, b=b: a.ping(b.address), f"{a.name} reaches {b.name}", READY)


def first_address(pod_cidr: str) -> str:
    """What the bridge has."""
    return pod_cidr.replace(".0/", ".1/")


def manifest(name: str, address: str, pod_cidr: str) -> dict[str, Any]:
    made = node_manifest(name, podCIDR=pod_cidr, podCIDRs=[pod_cidr])
    # kubelet 1.20 crashes on a Node without this list.
    made["status"] = {"addresses": [{"type": "InternalIP", "address": address}],
                      "capacity": {"pods": "110"}, "allocatable": {"pods": "110"}}  # fmt: skip
    return made


def test_route_of_a_new_node(cluster: Cluster, installed: DaemonSet,
                             measured: Measurements) -> None:  # fmt: skip
    """A Node without kubelet: how long after it is there do all others have the route?"""
    assert installed
    monitors = [machine.monitor_routes() for machine in cluster.machines]
    sent = cluster.control.create_node_timed(manifest("guest", "192.168.2.99", GUEST))
    for machine in cluster.machines:
        poll_equal(lambda m=machine: hosts_routes(m).get(GUEST), "192.168.2.99", "the route")
    measured.note_time("from a Node sent to the API server to its route on all others",
                       time.monotonic() - sent)  # fmt: skip
    cluster.control.kubectl("delete", "node", "guest")
    for machine in cluster.machines:
        poll_equal(lambda m=machine: GUEST in hosts_routes(m), False, "the route is gone")
    for monitor in monitors:
        assert len([event for event in monitor.events() if GUEST in event]) == 2
        monitor.stop()


def test_drained_and_back_with_another_pod_cidr(
    cluster: Cluster, installed: DaemonSet, pods: Pods, measured: Measurements
) -> None:
    """As an administrator does it: drain, delete, add again, take the old bridge off."""
    gone, *stay = reversed(cluster.machines)
    kubectl = cluster.control.kubectl
    old = cluster.control.pod_cidr(gone.name)
    new = OTHER if old != OTHER else ANOTHER
    pods.place_guest(gone)
    kubectl("drain", gone.name, "--ignore-daemonsets", "--force", "--delete-emptydir-data")
    poll(lambda: pods.node_of_guest() not in ("", gone.name), "the guest has moved", READY)
    pods.delete_guest()
    measured.sample()
    kubectl("delete", "node", gone.name)
    for machine in stay:
        poll_equal(lambda m=machine: old in hosts_routes(m), False, f"{old} is gone")
    cluster.control.create(manifest(gone.name, gone.address, new))
    gone.kill("kubelet")  # it registers when it starts
    cluster.wait_all_ready(READY)
    installed.wait_rolled_out()
    check_routes(cluster)
    said = gone.inside_run("hostgwd", "check", check=False).stdout
    assert f"cni0: has {first_address(old)}, from another pod CIDR" in said, said
    pods.delete_on(gone)
    gone.run("ip", "link", "delete", "cni0")
    assert cluster.control.pod_cidr(gone.name) == new
    for path, text in (("/run/flannel/subnet.env", f"FLANNEL_SUBNET={first_address(new)}\n"),
                       ("/etc/cni/net.d/10-flannel.conflist", new)):  # fmt: skip
        poll(lambda p=path, t=text: t in gone.inside_run("cat", p).stdout, text, READY)
    check_pods(pods)


def test_reboot(cluster: Cluster, installed: DaemonSet, pods: Pods,
                measured: Measurements) -> None:  # fmt: skip
    """Its network and /run are gone; the others keep their routes to it."""
    machine = cluster.machines[0]
    others = cluster.machines[1:]
    measured.sample()
    before = installed.containers()[machine.name]
    monitors = [other.monitor_routes() for other in others]
    machine.reboot()
    cluster.wait_all_ready(READY, since=datetime.now(timezone.utc))
    poll(lambda: installed.containers().get(machine.name, before) != before, "a new daemon", READY)
    installed.wait_rolled_out()
    check_routes(cluster)
    check_pods(pods)
    for monitor in monitors:
        assert [event for event in monitor.events() if "proto 72" in event] == []
        monitor.stop()


class ControlPlaneAway:
    """Context manager: all of it is killed, and started again whatever happens."""

    def __init__(self, control: ControlPlane):
        self._control = control

    def __enter__(self) -> None:
        for component in reversed(COMPONENTS):
            self._control.kill(component)

    def __exit__(self, *_: object) -> None:
        for component in COMPONENTS:
            self._control.start(component)


@pytest.fixture(name="bare_metal")
def make_bare_metal(cluster: Cluster, installed: DaemonSet, pods: Pods) -> Any:
    """Two workers with hostgwd as a service of the host, in place of the DaemonSet's pod."""
    chosen = cluster.machines[1:]
    assert pods
    with BareMetal(cluster, installed, chosen) as bare_metal:
        yield bare_metal


def test_reboot_without_control_plane(
    cluster: Cluster, bare_metal: BareMetal, pods: Pods, measured: Measurements
) -> None:
    """A minute without etcd, API server and controllers; workers reboot in it and have their routes
    from what the daemon kept."""
    before = {machine.name: hosts_routes(machine) for machine in bare_metal.machines}
    assert all(len(routes) == 2 for routes in before.values())
    measured.sample()
    killed = time.monotonic()
    with ControlPlaneAway(cluster.control):
        for machine in bare_metal.machines:
            machine.power_off()
            begun = time.monotonic()
            machine.boot()
            poll_equal(lambda m=machine: hosts_routes(m), before[machine.name], "routes", READY)
            taken = time.monotonic() - begun
            measured.note_time("from power on to routes, without control plane", taken)
        while time.monotonic() < killed + AWAY:
            time.sleep(1)
            assert {m.name: hosts_routes(m) for m in bare_metal.machines} == before
    cluster.wait_all_ready(READY, since=datetime.now(timezone.utc))
    check_routes(cluster)
    check_pods(pods)
