# SPDX-License-Identifier: GPL-2.0-or-later
"""What changes nothing in a node's record ends in the decoder, in either format, and is counted."""

import signal
from pathlib import Path
from typing import Any, Generator

import pytest

from fake_apiserver import FakeApiServer
from fake_nodes import make_node
from fake_site import Dialect, Site
from kube_client import FIRST, A, B, C, Client, node, wait_watch
from lab import NODES, Lab, Node
from waiting import poll

HEARTBEATS = 1000


@pytest.fixture(params=[(False, "refused"), (True, "refused"), (True, "spoken")])
def api(request: pytest.FixtureRequest) -> Generator[FakeApiServer, None, None]:
    protobuf, watch_list = request.param
    with FakeApiServer(protobuf=protobuf, watch_list=watch_list) as server:
        server.put(node("a"))
        server.put(node("b"))
        yield server


@pytest.fixture
def client(api: FakeApiServer, tmp_path: Path) -> Generator[Client, None, None]:
    with Client(tmp_path, "--stats", "--server", api.url) as running:
        yield running


def put_beat(api: FakeApiServer, changed: dict[str, Any], number: int) -> None:
    """As a kubelet does: nothing changes but a time and the resourceVersion."""
    changed["status"]["conditions"] = [
        {"type": "Ready", "status": "True", "lastHeartbeatTime": f"2024-02-20T14:31:{number}Z"}
    ]
    api.put(changed)


def beat(api: FakeApiServer, count: int) -> None:
    for number in range(count):
        put_beat(api, node("ab"[number % 2]), number)


def stats(client: Client, count: int) -> dict[str, str]:
    """The counters, as they are printed for the `count`th time."""
    client.send(signal.SIGUSR1)
    return dict(pair.split("=") for pair in client.wait_line("^stats ", count).split()[1:])


def wait_watching(api: FakeApiServer, client: Client) -> None:
    if api.watch_list == "spoken":
        client.wait_line("^list_end")
    else:
        wait_watch(api)


def test_heartbeats_wake_nothing(api: FakeApiServer, client: Client) -> None:
    client.wait_lines(*FIRST)
    wait_watching(api, client)
    before = stats(client, 1)
    beat(api, HEARTBEATS)
    api.put(node("c"))  # behind them all
    client.wait_line("^node c")
    after = stats(client, 2)
    heard = [line for line in client.lines() if not line.startswith("stats")]
    assert heard == [*FIRST, C]
    assert int(after["unchanged"]) - int(before["unchanged"]) == HEARTBEATS
    assert int(after["changed"]) - int(before["changed"]) == 1
    assert int(after["events"]) - int(before["events"]) == HEARTBEATS + 1
    assert after["skipped"] == "0"
    assert after["format"] == ("protobuf" if api.protobuf else "json")


def test_a_change_is_told_once_and_so_is_the_way_back(api: FakeApiServer, client: Client) -> None:
    client.wait_lines(*FIRST)
    wait_watching(api, client)
    for _ in range(2):
        api.put(node("a", public_ip="198.51.100.1"))
        api.put(node("a", public_ip="198.51.100.1"))
        api.put(node("a"))
    api.remove("b")
    api.put(node("b"))  # the same as before, but it was gone
    changed = A + " public 198.51.100.1"
    client.wait_lines(*FIRST, changed, A, changed, A, "removed b", B)


def test_a_list_tells_every_node_again(api: FakeApiServer, client: Client) -> None:
    client.wait_lines(*FIRST)
    wait_watching(api, client)
    beat(api, 10)
    api.send_error(410, "too old")
    client.wait_line("^list_end 2$", 2)
    client.wait_lines(*FIRST, *FIRST)


# ---- the daemon ----


def wait_caught_up(api: FakeApiServer) -> None:
    """The daemon has read all there was: its next watch begins behind it."""
    wanted = str(api.version)
    api.end_watches()
    poll(
        lambda: any(
            request.kind == "watch" and request.query.get("resourceVersion") == wanted
            for request in api.requests
        ),
        f"a watch from {wanted}",
    )


DIALECTS = {
    "JSON": Dialect(),
    "protobuf": Dialect(protobuf=True),
    "protobuf, WatchList": Dialect(protobuf=True, watch_list="spoken"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_heartbeats_make_no_round(name: str) -> None:
    """A round would write the file again that pods are started by."""
    with Lab(workers=1) as lab:
        site = Site(lab.workers[0], DIALECTS[name])
        for each in NODES:
            site.put(each)
        with site.api:
            site.start().wait_log("Watching for new subnet leases")
            site.wait_watch()
            site.wait_routes()
            site.worker.subnet_file.unlink()
            for number in range(HEARTBEATS):
                each = NODES[number % len(NODES)]
                put_beat(site.api, make_node(each.name, each.pod_cidr, each.address), number)
            wait_caught_up(site.api)
            assert not site.worker.subnet_file.exists()
            site.put(Node("kubworker9", "192.168.2.59", "10.1.9.0/24"))
            poll(site.worker.subnet_file.exists, "the round that a new Node makes")
