# SPDX-License-Identifier: GPL-2.0-or-later
"""What others build on our nexthop objects, or put where our routes were, is theirs."""

from typing import Generator

import pytest

from engine import PEERS, Engine, engine_lab, peer
from waiting import poll_equal

ONE = PEERS[0]
MOVED = peer(1, 71)
RETRY = 10  # seconds in which what was refused is tried again


@pytest.fixture
def engine() -> Generator[Engine, None, None]:
    with engine_lab() as made:
        yield made


BORROWERS = {
    "outside the Network": ["route add 172.30.0.0/16 nhid {one} proto static"],
    "inside the Network": ["route add 10.1.200.0/24 nhid {one} proto static"],
    "default route": ["route add default nhid {one} proto static metric 5"],
    "group": [
        "nexthop add id 7 group {one} proto static",
        "route add 172.30.0.0/16 nhid 7 proto static",
    ],
}


def foreign(engine: Engine) -> list[tuple[str, int, str]]:
    return sorted(
        (route["dst"], route.get("nhid", 0), route.get("gateway", ""))
        for route in engine.routes()
        if route["protocol"] != "72"
    )


@pytest.mark.parametrize("commands", BORROWERS.values(), ids=BORROWERS)
@pytest.mark.parametrize("change", ["leaves", "moves"])
def test_routes_of_others_through_our_object(
    engine: Engine, change: str, commands: list[str]
) -> None:
    """The node leaves, or gets another address: theirs stay, and lead where they led."""
    engine.run("--nexthop-objects=always")
    one = engine.object_to(ONE.addresses[0])
    engine.ip(*(command.format(one=one) for command in commands))
    before = foreign(engine)
    now = PEERS[1:] if change == "leaves" else (MOVED, *PEERS[1:])
    engine.write(now)
    engine.wait(now)
    engine.settle(now)
    assert foreign(engine) == before
    assert engine.objects()[one] == ONE.addresses[0]


@pytest.mark.parametrize("objects", ["always", "never"])
def test_what_was_refused_is_tried_again(engine: Engine, objects: str) -> None:
    engine.run(f"--nexthop-objects={objects}")
    obstacle = f"unreachable {MOVED.addresses[0]}/32 scope link proto static"
    engine.ip(f"route add {obstacle}")
    engine.write((MOVED, *PEERS[1:]))
    engine.daemon.wait_log("Failed to replace .*; trying again")
    engine.ip(f"route del {obstacle}")
    poll_equal(
        lambda: engine.ours().get("10.1.1.0/24"), MOVED.addresses[0], "the new address", RETRY
    )
    log = engine.daemon.log()
    assert "Route restored: 10.1.1.0" not in log and "fights" not in log


def test_who_came_while_the_link_was_down_was_first(engine: Engine) -> None:
    """The kernel took our routes with the link; nobody took them from us."""
    engine.run()
    engine.ip(
        "link add backup type veth peer name backup2",
        "address add 192.168.77.1/24 dev backup",
        "link set backup up",
        "link set backup2 up",
        "link set ens192 down",
    )
    engine.daemon.wait_log("Failed to add route|has no global|is down")
    engine.ip("route add 10.1.1.0/24 via 192.168.77.9 dev backup proto static")
    engine.ip("link set ens192 up", "address replace fd00:2::44/64 dev ens192 nodad")
    engine.daemon.wait_log("10.1.1.0/24 via 192.168.77.9 is in the way")
    poll_equal(lambda: engine.ours().get("10.1.2.0/24"), PEERS[1].addresses[0], "another's route")
    there = [r for r in engine.routes() if r["dst"] == "10.1.1.0/24"]
    assert [route["gateway"] for route in there] == ["192.168.77.9"]
