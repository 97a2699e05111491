# SPDX-License-Identifier: GPL-2.0-or-later
"""What flannel's users complained of, each by the number of their issue."""

import random
from typing import Callable, Generator

import pytest

from engine import OBJECTS, OWN, PEERS, Engine, Peer, changes, engine_lab, peer
from process import Process
from waiting import poll, poll_equal

BLACKHOLE = "6"  # RTN_BLACKHOLE, as `ip -N` prints it
MANY = 300


@pytest.fixture
def engine() -> Generator[Engine, None, None]:
    with engine_lab() as made:
        yield made


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
@pytest.mark.parametrize("objects", OBJECTS)
def test_2554_routes_of_nodes_that_left_meanwhile(
    engine: Engine, objects: str, end: Callable[[Process], object]
) -> None:
    """flannel-io/flannel#2554: they were stale for ever when the daemon was down."""
    engine.run(f"--nexthop-objects={objects}")
    end(engine.daemon)
    left = (PEERS[0], peer(2, 152))
    engine.write(left)
    engine.start(f"--nexthop-objects={objects}")
    engine.wait(left)
    poll_equal(lambda: len(engine.objects()), 2 if objects == "always" else 0, "objects")


def test_2554_nobody_is_left(engine: Engine) -> None:
    engine.run()
    engine.daemon.stop()
    engine.write(())
    engine.start()
    engine.wait(())


@pytest.mark.parametrize("from_the_start", [True, False])
def test_254_another_node_with_our_subnet(engine: Engine, from_the_start: bool) -> None:
    """flannel-io/flannel#254: a route to the own subnet took the host's pods off the network.
    The other's name comes first, and still it gets none."""
    twin = Peer("a-twin", OWN.pod_cidrs, ("192.168.2.99", "fd00:2::99"))
    if not from_the_start:
        engine.run()
    monitor = engine.monitor()
    engine.write((*PEERS, twin))
    if from_the_start:
        engine.start()
    engine.daemon.wait_log("^W.*Skipping node a-twin .*10.1.0.0/24")
    engine.daemon.wait_log("^W.*Skipping node a-twin .*fd00:1::/64")
    engine.settle()
    assert not [c.text for c in changes(monitor) if "2.99" in c.text or "2::99" in c.text]


def test_254_two_others_with_one_subnet(engine: Engine) -> None:
    """One of them has it. When that one leaves, the other does, by one replace."""
    twin = Peer("z-twin", PEERS[0].pod_cidrs, ("192.168.2.99", "fd00:2::99"))
    engine.write((twin, *PEERS))
    engine.start()
    engine.wait(PEERS)
    engine.daemon.wait_log("^W.*Skipping node z-twin .*10.1.1.0/24")
    monitor = engine.monitor()
    engine.write((twin, *PEERS[1:]))
    engine.wait((twin, *PEERS[1:]))
    assert not [change.text for change in changes(monitor) if change.deleted]


def many(count: int) -> list[Peer]:
    return [
        Peer(
            f"many{number}",
            (f"10.{1 + number // 256}.{number % 256}.0/24",),
            (f"172.20.{number // 250}.{number % 250 + 1}",),
        )
        for number in range(1, count + 1)
    ]


@pytest.mark.parametrize("objects", OBJECTS)
def test_958_and_1145_no_route_is_lost_among_many(engine: Engine, objects: str) -> None:
    """flannel-io/flannel#958, #1145: with hundreds of nodes some routes were missing. Nodes come,
    go and move at random here, with routes taken away meanwhile."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    own = Peer(OWN.name, ("10.0.0.0/24",), OWN.addresses)
    engine.worker.net_conf.write_text(
        '{"Network": "10.0.0.0/14", "Backend": {"Type": "host-gw"}}', encoding="ascii"
    )
    engine.ip("address add 172.20.255.1/16 dev ens192")
    nodes = {node.name: node for node in many(MANY)}
    engine.write(nodes.values(), own)
    engine.start(f"--nexthop-objects={objects}")
    engine.wait(nodes.values())
    for turn in range(10):
        for node in chance.sample(many(MANY), 60):
            present = nodes.pop(node.name, None)
            if not present or chance.random() < 0.5:
                address = f"172.20.{100 + turn}.{chance.randrange(1, 255)}"
                nodes[node.name] = Peer(node.name, node.pod_cidrs, (address,))
        engine.write(nodes.values(), own)
        victims = chance.sample(sorted(engine.ours()), 20)
        commands = "".join(f"route del {victim}\n" for victim in victims)
        # Some are gone already, with their nodes.
        script = f"printf '{commands}' | ip -n {engine.worker.netns} -force -batch - 2>/dev/null"
        engine.worker.run("sh", "-c", script, check=False)
        engine.wait(nodes.values())
    gateways = {node.addresses[0] for node in nodes.values()}
    poll_equal(
        lambda: set(engine.objects().values()), gateways if objects == "always" else set(), "objects"
    )


def blackholes(engine: Engine) -> set[str]:
    return {destination for destination, via in engine.ours().items() if via == BLACKHOLE}


@pytest.mark.parametrize("restarted", [False, True], ids=["while it runs", "while it is down"])
def test_rke2_11170_blackhole_follows_the_own_subnet(engine: Engine, restarted: bool) -> None:
    """rancher/rke2#11170: the blackhole of an earlier subnet swallowed what is another node's."""
    engine.write(PEERS)
    engine.start("--ip-blackhole-route")
    poll_equal(lambda: blackholes(engine), set(OWN.pod_cidrs), "blackholes")
    if restarted:
        engine.daemon.stop()
    moved = Peer(OWN.name, ("10.1.77.0/24", "fd00:1:77::/64"), OWN.addresses)
    heir = Peer("heir", OWN.pod_cidrs, ("192.168.2.60", "fd00:2::60"))
    engine.write((*PEERS, heir), moved)
    if restarted:
        engine.start("--ip-blackhole-route")
    poll_equal(lambda: blackholes(engine), set(moved.pod_cidrs), "blackholes")
    poll(lambda: engine.ours().get("10.1.0.0/24") == "192.168.2.60", "the heir's route")
    assert len([r for r in engine.routes() if r["dst"] in OWN.pod_cidrs]) == 2
    engine.daemon.stop()
    engine.write((*PEERS, heir), moved)
    engine.start("--ip-blackhole-route=false")
    poll_equal(lambda: blackholes(engine), set(), "no blackhole once they are not asked for")
