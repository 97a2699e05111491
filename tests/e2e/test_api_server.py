# SPDX-License-Identifier: GPL-2.0-or-later
"""What only a real API server can show: HTTP/2, gzip, its own checks of what is written to it."""

import json
import re
from pathlib import Path
from typing import Any, Generator

import pytest

from control_plane import ADDRESS, SERVER, ControlPlane, node_manifest
from fake_access import Kubeconfig
from lab import Lab, Worker
from plugin import Plugin, far
from waiting import poll

BULK = 400
BULK_BYTES = BULK * 18_000  # of JSON; the protobuf of it is about half
SPREAD = 60.0  # seconds; an Event waits for its node's moment, the longer the more nodes there are


@pytest.fixture(scope="module")
def site() -> Generator[tuple[ControlPlane, Worker], None, None]:
    """A Node of the walk-through, and many large ones (their addresses are on the link)."""
    with Lab(workers=1) as lab, ControlPlane(lab) as made:
        worker = lab.workers[0]
        worker.net_conf.write_text('{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}')
        worker.batch("address add 172.20.255.1/16 dev ens192")
        cidr = worker.node.pod_cidr
        made.create(node_manifest(worker.name, podCIDR=cidr, podCIDRs=[cidr]))
        creator = made.host.start(
            "/usr/bin/python3", str(Path(__file__).with_name("create_nodes.py")),
            "create", str(made.folder), ADDRESS, str(BULK), name="create-nodes",
        )  # fmt: skip
        assert creator.wait_exit(120) == 0, creator.log()
        yield made, worker


@pytest.fixture
def control(site: tuple[ControlPlane, Worker]) -> ControlPlane:
    return site[0]


@pytest.fixture
def worker(site: tuple[ControlPlane, Worker]) -> Worker:
    return site[1]


def connections(worker: Worker) -> list[str]:
    """Those to the API server, a line each with what the kernel counts (ss(8))."""
    text = worker.run("ss", "-Htni", "--oneline", "state", "established", "dport", "= :6443").stdout
    return [line for line in text.splitlines() if line.strip()]


def token(control: ControlPlane, user: str = "hostgwd") -> str:
    lines = (control.folder / "pki/tokens.csv").read_text().splitlines()
    return next(line.split(",")[0] for line in lines if line.endswith("," + user))


def bytes_received(worker: Worker) -> int:
    """Over the one connection that there is."""
    (line,) = connections(worker)
    found = re.search(r"bytes_received:(\d+)", line)
    assert found
    print(f"{found[1]} bytes received")
    return int(found[1])


def test_one_connection_carries_all(control: ControlPlane, worker: Worker) -> None:
    """HTTP/2: list, watch and patch share it. gzip is not asked for."""
    daemon = control.start_daemon(worker)
    daemon.wait_log("Set condition NetworkUnavailable=False", seconds=30)
    poll(lambda: len(worker.routes()) == BULK, "all routes")
    assert bytes_received(worker) > BULK_BYTES / 4
    assert daemon.stop() == 0


def test_gzip_where_it_is_asked_for(control: ControlPlane, worker: Worker) -> None:
    """A fraction of the bytes."""
    config = Kubeconfig(
        SERVER, control.folder / "ca.crt", token(control), cluster={"disable-compression": False}
    )
    path = config.write(worker.folder / "compressed")
    daemon = control.start_daemon(worker, f"--kubeconfig-file={path}", "--state-dir=")
    daemon.wait_log("Node controller sync successful", seconds=60)
    assert 0 < bytes_received(worker) < BULK_BYTES / 10
    assert daemon.stop() == 0


def test_plugin_against_the_real_server(control: ControlPlane, worker: Worker) -> None:
    plugin = Plugin(worker.folder)
    plugin.answer(token="wrong", expirationTimestamp=far(3600))
    config = Kubeconfig(SERVER, ca=control.folder / "ca.crt", user=plugin.user())
    path = config.write(worker.folder / "with-plugin")
    daemon = control.start_daemon(worker, f"--kubeconfig-file={path}", "--state-dir=")
    daemon.wait_log(f"does not accept the credentials of .*{plugin.script}")
    plugin.answer(token=token(control), expirationTimestamp=far(3600))
    daemon.wait_log("Node controller sync successful", seconds=60)
    runs = plugin.runs()
    poll(lambda: len(worker.routes()) == BULK, "all routes")
    assert daemon.stop() == 0
    assert plugin.runs() == runs


def events(control: ControlPlane, name: str) -> list[dict[str, Any]]:
    text = control.kubectl("get", "events", "-n", "default", "-o", "json")
    found = json.loads(text)["items"]
    return [event for event in found if event["involvedObject"]["name"] == name]


def test_events_are_shown_with_the_node(control: ControlPlane, worker: Worker) -> None:
    """One about another Node, and one about the own."""
    control.create(node_manifest("outside", podCIDR="11.0.0.0/24", podCIDRs=["11.0.0.0/24"]))
    foreign = "10.2.0.0/24 via 192.168.2.254 proto static"  # in the way of the first of many
    worker.batch(f"route replace {foreign}")  # an earlier run has left its own
    daemon = control.start_daemon(worker)
    daemon.wait_log("Skipping .*outside")
    about = {"outside": "PodCIDROutsideNetwork", worker.name: "ForeignRouteInTheWay"}
    for name, reason in about.items():
        (event,) = poll(lambda: events(control, name), "an Event", SPREAD)
        assert event["reason"] == reason and event["count"] == 1
        assert event["source"] == {"component": "hostgwd", "host": worker.name}
        described = control.kubectl("describe", "node", name)
        assert re.search(rf"Warning\s+{reason}\s.*hostgwd", described), described
    # The next run finds both and refreshes its own; the server accepts the patch.
    assert daemon.stop() == 0
    version = event["metadata"]["resourceVersion"]
    second = control.start_daemon(worker)
    poll(
        lambda: events(control, worker.name)[0]["metadata"]["resourceVersion"] != version,
        "the Event is refreshed", SPREAD,
    )  # fmt: skip
    assert [len(events(control, name)) for name in about] == [1, 1]
    assert second.stop() == 0
    worker.batch(f"route delete {foreign}")


def test_events_are_forbidden(control: ControlPlane, worker: Worker) -> None:
    daemon = control.start_daemon(worker, "--annotate=false", kubeconfig="readonly")
    daemon.wait_log(
        r'No Kubernetes Events: .*resources: \["events"\], verbs: \["create"\].*readonly',
        seconds=SPREAD,
    )
    assert daemon.stop() == 0
