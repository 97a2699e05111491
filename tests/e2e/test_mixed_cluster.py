# SPDX-License-Identifier: GPL-2.0-or-later
"""A cluster on its way from flannel to hostgwd, worker by worker, and back to nothing."""

from typing import Generator

import pytest

from control_plane import ControlPlane, node_manifest
from guide import guides_loop
from lab import Lab, Node, Worker, hostgwd
from process import Process
from waiting import poll_equal

# `ip -N -j route`: what flanneld's routes carry (ip does not print it), and ours.
BOOT, OURS = "3", "72"


def flannels_annotations(node: Node) -> list[str]:
    """As flanneld's host-gw backend writes them."""
    values = {
        "backend-data": "null",
        "backend-type": "host-gw",
        "kube-subnet-manager": "true",
        "public-ip": node.address,
    }
    return [f"flannel.alpha.coreos.com/{name}={value}" for name, value in values.items()]


def be_flannel(worker: Worker, nodes: list[Node]) -> None:
    """The routes that flanneld leaves when it is stopped for the switch."""
    worker.batch(
        *(f"route add {n.pod_cidr} via {n.address} dev ens192" for n in nodes if n != worker.node)
    )


@pytest.fixture(name="site")
def make_site() -> Generator[tuple[Lab, ControlPlane], None, None]:
    with Lab(workers=3) as lab, ControlPlane(lab) as control:
        for node in lab.nodes:
            spec = {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]}
            control.create(node_manifest(node.name, **spec))
            control.kubectl("annotate", "node", node.name, *flannels_annotations(node))
        lab.add_pods()
        for worker in lab.workers:
            be_flannel(worker, lab.nodes)
        yield lab, control


def protocols(worker: Worker) -> set[str]:
    """Of the routes into the pod network that have a gateway."""
    found = worker.ip_json("route", "show", "root", "10.1.0.0/16")
    return {str(route.get("protocol", BOOT)) for route in found if "gateway" in route}


def start_pings(lab: Lab) -> list[Process]:
    """From each pod to each other one, all the time."""
    return [
        a.pod.start("ping", "-n", "-i", "0.05", b.node.pod_address(10), name=f"ping-{b.name}")
        for a in lab.workers
        for b in lab.workers
        if a is not b and a.pod
    ]


def test_worker_by_worker(site: tuple[Lab, ControlPlane]) -> None:
    lab, control = site
    assert lab.unreachable_pairs() == []
    assert all(protocols(worker) == {BOOT} for worker in lab.workers)
    pings = start_pings(lab)
    for done, worker in enumerate(lab.workers, 1):
        before = control.node(worker.name)["metadata"]["annotations"]
        daemon = control.start_daemon(worker)
        daemon.wait_log("Running backend", 30)
        poll_equal(lambda: protocols(worker), {OURS}, f"routes of {worker.name}")
        worker.wait_routes(lab.nodes)
        assert control.node(worker.name)["metadata"]["annotations"] == before, "nothing to say"
        assert all(protocols(other) == {BOOT} for other in lab.workers[done:])
        assert lab.unreachable_pairs() == []
    for ping in pings:
        ping.interrupt()
        assert " 0% packet loss" in ping.log(), ping.log()[-300:]


@pytest.mark.parametrize("mode", ["never", "always"])
def test_back_to_flannel(site: tuple[Lab, ControlPlane], mode: str) -> None:
    """As the guide says: its commands lose no ping, and leave what flanneld would have made."""
    lab, control = site
    for worker in lab.workers:
        daemon = control.start_daemon(worker, f"--nexthop-objects={mode}")
        daemon.wait_log("Running backend", 30)
        poll_equal(lambda worker=worker: protocols(worker), {OURS}, "routes")
        assert daemon.stop() == 0
    pings = start_pings(lab)
    for worker in lab.workers:
        worker.run("sh", "-c", guides_loop("ip route show proto 72 | sed"))
        done = worker.run(
            hostgwd(), "cleanup", *worker.host_arguments(), f"--subnet-file={worker.folder}/x"
        )
        assert "removed nftables table inet hostgw" in done.stdout
        assert protocols(worker) == {BOOT}
        assert len(worker.ip_json("route", "show", "root", "10.1.0.0/16")) == len(lab.nodes)
        assert worker.ip_json("nexthop", "show") == []
    for ping in pings:
        ping.interrupt()
        assert " 0% packet loss" in ping.log(), ping.log()[-300:]


def network_unavailable(control: ControlPlane, name: str) -> str | None:
    """What the Node's condition of this name says."""
    conditions = control.node(name)["status"].get("conditions", [])
    return next((c["status"] for c in conditions if c["type"] == "NetworkUnavailable"), None)


def test_cleanup_takes_the_annotations_off(site: tuple[Lab, ControlPlane]) -> None:
    lab, control = site
    worker = lab.workers[0]
    control.kubectl(
        "annotate", "node", worker.name,
        f"flannel.alpha.coreos.com/public-ip-overwrite={worker.address}",
    )  # fmt: skip
    daemon = control.start_daemon(worker)
    daemon.wait_log("Running backend", 30)
    poll_equal(lambda: network_unavailable(control, worker.name), "False", "condition")
    assert daemon.stop() == 0
    flags = [
        "--kube-subnet-mgr",
        f"--kubeconfig-file={control.kubeconfig('hostgwd')}",
        *worker.host_arguments(),
    ]
    dry = worker.run(hostgwd(), "cleanup", "--dry-run", *flags).stdout
    assert f"would remove our annotations of node {worker.name}" in dry
    assert len(control.annotations(worker.name)) == 5
    done = worker.run(hostgwd(), "cleanup", *flags).stdout
    assert f"removed our annotations of node {worker.name}" in done
    assert f"removed file {worker.state_dir}/warm-state" in done
    assert control.annotations(worker.name) == {"public-ip-overwrite": worker.address}
    assert network_unavailable(control, worker.name) == "False"  # as flanneld leaves it
    assert not worker.state_dir.exists()
    assert "hostgw" not in worker.rules()
    assert worker.routes() == {}
