# SPDX-License-Identifier: GPL-2.0-or-later
"""flannel's manifest with nothing but the image changed, in the form of two releases."""

import json
from typing import Any, Generator

import pytest

from control_plane import ControlPlane, node_manifest
from flannel_manifest import IMAGE, NAMESPACE, RELEASES, ContainerHost, manifest, our_manifest
from lab import INTERNET, Lab
from waiting import poll_equal


@pytest.fixture(scope="module", name="site")
def make_site() -> Generator[tuple[Lab, ControlPlane], None, None]:
    with Lab(workers=2) as lab, ControlPlane(lab) as control:
        for node in lab.nodes:
            spec = {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]}
            control.create(node_manifest(node.name, **spec))
        lab.add_pods()
        yield lab, control


@pytest.fixture(name="daemon_set", params=RELEASES, ids=lambda release: release.name)
def make_daemon_set(
    request: pytest.FixtureRequest, site: tuple[Lab, ControlPlane]
) -> Generator[dict[str, Any], None, None]:
    """As the API server gives it back."""
    lab, control = site
    control.kubectl("apply", "-f", "-", stdin=manifest(request.param))
    query = ("get", "daemonset", "-n", NAMESPACE, "kube-flannel-ds", "-o", "json")
    yield json.loads(control.kubectl(*query))
    for worker in lab.workers:
        worker.run("rm", "-rf", str(worker.folder / "image"), str(worker.folder / "host"))
    control.kubectl("delete", "pods", "-n", NAMESPACE, "--all", "--force", "--grace-period=0")
    control.kubectl("delete", "daemonset", "-n", NAMESPACE, "--all")


def test_every_container_runs(site: tuple[Lab, ControlPlane], daemon_set: dict[str, Any]) -> None:
    lab, control = site
    images = [c["image"] for c in daemon_set["spec"]["template"]["spec"]["containers"]]
    assert images == [IMAGE]
    hosts = [ContainerHost(control, worker, daemon_set) for worker in lab.workers]
    daemons = []
    for host in hosts:
        plugin = host.volume("cni-plugin") / "flannel"  # of flannel's own image of plugins
        plugin.write_text("", encoding="ascii")
        plugin.chmod(0o755)
        for init in ("install-cni-plugin", "install-cni"):
            done = host.run_init(init)
            assert done.returncode == 0, done.stderr
        conflist = host.volume("cni") / "10-flannel.conflist"
        wanted = host.volume("flannel-cfg") / "cni-conf.json"
        assert conflist.read_text(encoding="utf-8") == wanted.read_text(encoding="utf-8")
        daemons.append(host.start("kube-flannel"))
    for host, daemon, node in zip(hosts, daemons, lab.nodes):
        daemon.wait_log("Running backend", 30)
        host.worker.wait_routes(lab.nodes)
        env = host.volume("run") / "subnet.env"
        assert f"FLANNEL_SUBNET={node.pod_address(1)}/24" in env.read_text(encoding="ascii")
        poll_equal(
            lambda node=node: control.annotations(node.name),
            {
                "backend-data": "null",
                "backend-type": "host-gw",
                "kube-subnet-manager": "true",
                "public-ip": node.address,
            },
            f"annotations of {node.name}",
        )
    assert lab.unreachable_pairs() == []
    pod = lab.workers[0].pod
    assert pod and pod.ping(INTERNET)
    for daemon in daemons:
        assert daemon.running
        assert daemon.stop() == 0
        assert not [line for line in daemon.log().splitlines() if line.startswith(("E", "F"))]


def test_our_manifest_over_flannels(
    site: tuple[Lab, ControlPlane], daemon_set: dict[str, Any]
) -> None:
    """Applied over it: nothing of flannel's is left in the DaemonSet, and its one container runs."""
    lab, control = site
    control.kubectl("apply", "-f", "-", stdin=our_manifest())
    query = ("get", "daemonset", "-n", NAMESPACE, "kube-flannel-ds", "-o", "json")
    ours = json.loads(control.kubectl(*query))
    assert ours["metadata"]["uid"] == daemon_set["metadata"]["uid"], "the same object"
    assert "initContainers" not in ours["spec"]["template"]["spec"]
    host = ContainerHost(control, lab.workers[0], ours)
    daemon = host.start("kube-flannel")
    daemon.wait_log("Running backend", 30)
    host.worker.wait_routes(lab.nodes)
    conflist = json.loads((host.volume("cni") / "10-flannel.conflist").read_text(encoding="utf-8"))
    assert (conflist["name"], conflist["plugins"][0]["bridge"]) == ("cbr0", "cni0")
    assert (host.volume("state")).is_dir()
    assert daemon.stop() == 0
