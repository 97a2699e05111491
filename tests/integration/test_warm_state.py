# SPDX-License-Identifier: GPL-2.0-or-later
"""A restart begins with what the daemon knew: its routes at once, and no list."""

import threading
from typing import Generator

import pytest

from fake_faults import between, held, insert, pause, status
from fake_site import Site, walk_through_site
from lab import NODES, Node
from waiting import poll, poll_equal

LISTS = ("list", "watchlist")


@pytest.fixture
def site() -> Generator[Site, None, None]:
    with walk_through_site() as made:
        yield made


@pytest.fixture
def stopped(site: Site) -> Site:
    """All was well, then the daemon was stopped."""
    site.start()
    site.wait_watch()
    site.wait_routes()
    site.stop()
    site.new_events()
    return site


def lists(site: Site) -> int:
    return sum(site.api.kinds().count(kind) for kind in LISTS)


def flush(site: Site) -> None:
    """As a reboot leaves it."""
    site.worker.run("ip", "route", "flush", "proto", "72")
    assert site.worker.routes() == {}


def test_restart_makes_no_list_and_touches_nothing(stopped: Site) -> None:
    daemon = stopped.start(forget=False)
    daemon.wait_log("Warm state: 5 nodes")
    daemon.wait_log("Node controller sync successful: resumed")
    stopped.wait_routes()
    assert stopped.api.kinds() == ["get", "watch"]
    assert stopped.new_events() == []
    stopped.stop()
    stopped.start(forget=False).wait_log("Node controller sync successful: resumed")
    assert stopped.api.kinds() == ["get", "watch"]


def test_the_latest_is_kept_at_the_end(site: Site) -> None:
    """Not only what was known at the list, or a minute ago."""
    site.start()
    site.wait_watch()
    site.put(Node("kubworker9", "192.168.2.59", "10.1.9.0/24"))
    site.wait_routes()
    site.stop()
    kept = (site.worker.state_dir / "warm-state").read_text().splitlines()
    assert f"version {site.api.version}" in kept
    assert any(line.startswith("node kubworker9 ") for line in kept)


def test_restart_patches_what_differs_and_no_more(site: Site) -> None:
    """The own Node's annotations are known as well, before any event tells of them."""
    site.api.nodes[site.worker.name]["metadata"]["annotations"] = {
        f"flannel.alpha.coreos.com/{key}": value
        for key, value in {
            "kube-subnet-manager": "true", "backend-type": "host-gw", "backend-data": "null",
            "public-ip": site.worker.address,
        }.items()
    }  # fmt: skip
    flags = ("--annotate=true", "--set-node-network-unavailable=false")
    site.start(*flags)
    site.wait_routes()
    site.stop()
    site.start(*flags, forget=False).wait_log("Node controller sync successful: resumed")
    site.wait_routes()
    assert site.api.kinds() == ["get", "watch"]
    site.stop()
    site.worker.batch("address add 192.168.2.99/24 dev ens192")
    site.start(*flags, "--public-ip=192.168.2.99", forget=False)
    poll(lambda: "patch" in site.api.kinds(), "the patch")
    patch = next(request for request in site.api.requests if request.kind == "patch")
    assert patch.body == (
        '{"metadata":{"annotations":{"flannel.alpha.coreos.com/public-ip":"192.168.2.99"}}}'
    )


def test_what_changed_meanwhile_is_carried_out(stopped: Site) -> None:
    stopped.remove("kubworker2")
    stopped.put(Node("kubworker3", "192.168.2.56", NODES[2].pod_cidr))
    stopped.put(Node("kubworker9", "192.168.2.59", "10.1.9.0/24"))
    stopped.start(forget=False)
    stopped.api.bookmark()
    stopped.wait_routes()
    assert lists(stopped) == 0
    gone = [event for event in stopped.new_events() if event.startswith("Deleted")]
    assert len(gone) == 1 and NODES[1].pod_cidr in gone[0], gone


def test_routes_stand_before_the_api_server_answers(stopped: Site) -> None:
    """After a reboot, say. What they say may be old: nothing is deleted until it has answered."""
    flush(stopped)
    stopped.worker.subnet_file.unlink()
    stopped.worker.batch("route add 10.1.77.0/24 via 192.168.2.48 proto 72")
    until = threading.Event()
    stopped.api.fail_next("get", held(until))
    stopped.remove("kubworker2")
    daemon = stopped.start(forget=False)
    wanted = {node.pod_cidr: node.address for node in NODES[1:]}
    wanted["10.1.77.0/24"] = "192.168.2.48"
    poll_equal(stopped.worker.routes, wanted, "routes")
    daemon.wait_log("Watching for new subnet leases")
    assert stopped.worker.subnet_file.exists()
    assert not [event for event in stopped.new_events()[9:] if event.startswith("Deleted")]
    until.set()
    stopped.api.bookmark()
    stopped.wait_routes()
    assert lists(stopped) == 0


REFUSALS = {
    "410 at the watch": ("watch", status(410, "too old resource version: 105")),
    "504 at the check": ("get", status(504, "Too large resource version: 105, current: 7")),
    "404 at the check": ("get", status(404, 'nodes "kubworker1" not found')),
}


@pytest.mark.parametrize("how", REFUSALS)
def test_a_refused_version_leads_to_one_list(stopped: Site, how: str) -> None:
    kind, fault = REFUSALS[how]
    stopped.api.fail_next(kind, fault)
    stopped.remove("kubworker2")
    stopped.start(forget=False)
    stopped.wait_routes()
    assert lists(stopped) == 1
    gone = [event for event in stopped.new_events() if event.startswith("Deleted")]
    assert len(gone) == 1 and NODES[1].pod_cidr in gone[0], gone


@pytest.mark.parametrize("late", [False, True])
def test_a_route_that_came_after_the_saving_stays(site: Site, late: bool) -> None:
    """The daemon crashed before it could keep what it knew. `late`: it takes the watch some time
    to bring what was missed."""
    until = threading.Event()
    daemon = site.start()
    site.wait_watch()
    poll((site.worker.state_dir / "warm-state").exists, "the first saving")
    site.put(Node("kubworker9", "192.168.2.59", "10.1.9.0/24"))
    site.wait_routes()
    daemon.kill()
    assert "kubworker9" not in (site.worker.state_dir / "warm-state").read_text()
    site.new_events()
    site.api.fail_next("watch", between(0, pause(until) if late else insert(b"")))
    daemon = site.start(forget=False)
    daemon.wait_log("Node controller sync successful: resumed")
    probe = NODES[1].pod_cidr
    site.worker.batch(f"route del {probe}")  # back again when the daemon has looked at them all
    poll(lambda: probe in site.worker.routes(), "a round")
    until.set()
    site.api.bookmark()
    site.wait_routes()
    daemon.wait_log("All that changed since the last run is known")
    site.wait_routes()
    assert lists(site) == 0 and not [e for e in site.new_events() if probe not in e]


def damage(text: str) -> str:
    return text.replace("192.168.2.45", "192.168.2.66")


SPOILERS = {
    "damaged": (damage, "its checksum is wrong"),
    "cut": (lambda text: text[: len(text) // 2], "it is damaged"),
    "of another version": (lambda text: text.replace("state 1", "state 2"), "another version"),
    "empty": (lambda text: "", "it is damaged: it is too short"),
}


@pytest.mark.parametrize("how", SPOILERS)
def test_a_spoilt_file_is_one_line(stopped: Site, how: str) -> None:
    spoil, words = SPOILERS[how]
    file = stopped.worker.state_dir / "warm-state"
    file.write_text(spoil(file.read_text()))
    daemon = stopped.start(forget=False)
    line = daemon.wait_log("^W.* The warm state is ignored, all Nodes are listed: .*$")[0]
    assert words in line and str(file) in line
    stopped.wait_watch()
    stopped.wait_routes()
    assert lists(stopped) == 1 and stopped.new_events() == []
    assert daemon.log().count("warm state") == 1


def test_another_node_name_is_another_state(stopped: Site) -> None:
    daemon = stopped.start("--node-name=kubworker2", forget=False)
    daemon.wait_log("^W.* ignored, .*: it is of another cluster, node or annotation prefix; ")


def test_no_folder_is_one_note(site: Site) -> None:
    daemon = site.start("--state-dir=/proc/no/such")
    site.wait_watch()
    site.wait_routes()
    line = daemon.wait_log("^I.*No warm state, .*$")[0]
    assert "/proc/no/such" in line
    site.stop()
    assert daemon.log().count("No warm state") == 1


def test_an_empty_flag_keeps_nothing(site: Site) -> None:
    daemon = site.start("--state-dir=")
    site.wait_watch()
    site.wait_routes()
    site.stop()
    assert "arm state" not in daemon.log() and not site.worker.state_dir.exists()
