# SPDX-License-Identifier: GPL-2.0-or-later
"""--ip-blackhole-route: addresses of the own pod CIDR that no pod has lead nowhere."""

from typing import Generator

import pytest

from dual_stack import BLACKHOLE, DUAL_NODES, V4_ROUTES, V6_ROUTES, dual_stack_worker, v6_routes
from lab import Worker, write_atomically
from waiting import poll_equal

LAST_METRIC = 4294967295
OWN = {"10.1.0.0/24": "10.1.0.77", "fd00:1::/64": "fd00:1::77"}


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with dual_stack_worker() as made:
        yield made


def make_bridge(worker: Worker) -> None:
    """What the bridge plugin makes for a node's first pod."""
    worker.add_pod()
    worker.batch("address add fd00:1::1/64 dev cni0 nodad")


def wait_blackholes(worker: Worker, v4: str, v6: str) -> None:
    poll_equal(worker.routes, {**V4_ROUTES, v4: BLACKHOLE}, "IPv4 routes and blackhole")
    poll_equal(lambda: v6_routes(worker), {**V6_ROUTES, v6: BLACKHOLE}, "IPv6 and blackhole")


def leads_to(worker: Worker, address: str) -> str:
    """The interface that a packet to there would take; "": none."""
    words = worker.run("ip", "route", "get", address, check=False).stdout.split()
    return words[words.index("dev") + 1] if "dev" in words else ""


def check_own(worker: Worker, interface: str) -> None:
    for cidr, address in OWN.items():
        assert leads_to(worker, address) == interface
        family = "-6" if ":" in cidr else "-4"
        holes = worker.ip_json(family, "route", "show", cidr, "type", "blackhole")
        assert [hole["metric"] for hole in holes] == [LAST_METRIC]


def test_without_bridge(worker: Worker) -> None:
    worker.start_daemon("--ip-blackhole-route")
    wait_blackholes(worker, *OWN)
    check_own(worker, "")


def test_bridge_made_before(worker: Worker) -> None:
    make_bridge(worker)
    worker.start_daemon("--ip-blackhole-route")
    wait_blackholes(worker, *OWN)
    check_own(worker, "cni0")
    assert worker.ping("10.1.0.10")


def test_bridge_made_after(worker: Worker) -> None:
    worker.start_daemon("--ip-blackhole-route")
    wait_blackholes(worker, *OWN)
    make_bridge(worker)
    assert worker.ping("10.1.0.10")
    check_own(worker, "cni0")
    worker.batch("link del cni0")  # and taken away again
    check_own(worker, "")


def test_rke2_11170_blackhole_goes_with_the_pod_cidr(worker: Worker) -> None:
    """The former pod CIDR is another node's now, and must not be swallowed here."""
    worker.start_daemon("--ip-blackhole-route")
    wait_blackholes(worker, *OWN)
    nodes = DUAL_NODES.replace("10.1.0.0/24", "10.1.9.0/24").replace("fd00:1:0::", "fd00:1:9::")
    nodes += '- {name: kubworker3, podCIDR: 10.1.0.0/24, address: 192.168.2.46}\n'
    write_atomically(worker.folder.parent / "nodes.yaml", nodes)
    wanted = {**V4_ROUTES, "10.1.9.0/24": BLACKHOLE, "10.1.0.0/24": "192.168.2.46"}
    poll_equal(worker.routes, wanted, "IPv4 routes")
    poll_equal(
        lambda: v6_routes(worker), {**V6_ROUTES, "fd00:1:9::/64": BLACKHOLE}, "IPv6 routes"
    )


def test_switched_off_it_goes(worker: Worker) -> None:
    daemon = worker.start_daemon("--ip-blackhole-route")
    wait_blackholes(worker, *OWN)
    daemon.stop()
    worker.start_daemon()
    poll_equal(worker.routes, V4_ROUTES, "IPv4 routes")
    poll_equal(lambda: v6_routes(worker), V6_ROUTES, "IPv6 routes")
