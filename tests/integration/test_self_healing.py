# SPDX-License-Identifier: GPL-2.0-or-later
"""Routes that others take away or change come back, but no two programs fight at full speed."""

import re
import subprocess
import threading
import time
from typing import Generator

import pytest

from engine import OBJECTS, PEERS, PROBE, Change, Engine, changes, engine_lab
from process import RouteMonitor
from waiting import poll, poll_equal

HEALED = 2.0  # seconds, for a busy machine; what it took is printed
FIGHT_REPAIRS = 5
FIGHT_PACE = (20.0, 45.0)  # 30 s, as seen from outside


@pytest.fixture
def engine() -> Generator[Engine, None, None]:
    with engine_lab() as made:
        yield made


def healing_times(seen: list[Change]) -> tuple[float, float]:
    """Milliseconds from the first change, the attack's, to the next one and to the last."""
    return tuple((seen[i].when - seen[0].when) * 1000 for i in (min(1, len(seen) - 1), -1))


def unused_objects(engine: Engine) -> set[int]:
    """Nexthop objects of ours that no route leads through."""
    objects = engine.worker.ip_json("nexthop", "show", "proto", "72")
    return {found["id"] for found in objects} - {r["nhid"] for r in engine.routes() if "nhid" in r}


def assert_healed(engine: Engine, monitor: RouteMonitor, title: str) -> None:
    wanted = {c: a for n in PEERS for c, a in zip(n.pod_cidrs, n.addresses)}
    poll_equal(engine.ours, wanted, f"routes are back after: {title}", HEALED)
    # An object goes in a round of its own, once no route leads through it any more.
    poll_equal(lambda: unused_objects(engine), set(), "objects without a route", HEALED)
    next_ms, last_ms = healing_times(changes(monitor))
    print(f"{title}: back after {next_ms:.2f} ms (all changes within {last_ms:.2f} ms)")
    # That was all: nothing is found to do when the daemon looks at its routes again.
    done = len(changes(monitor))
    engine.settle()
    later = [change.text for change in changes(monitor)[done:]]
    assert [t for t in later if not any(p in t for p in (*PROBE.pod_cidrs, *PROBE.addresses))] == []


# ---- attacks on routes ----

ATTACKS = {
    "deleted": "route del 10.1.1.0/24",
    "static, off to nobody": "route replace 10.1.1.0/24 via 192.168.2.200 proto static",
    "boot, via another node": "route replace 10.1.1.0/24 via 192.168.2.52 dev ens192",
    "boot, via no node": "route replace 10.1.1.0/24 via 192.168.2.200 dev ens192",
    "our mark, other gateway": "route replace 10.1.1.0/24 via 192.168.2.52 proto 72",
    "changed": "route change 10.1.1.0/24 via 192.168.2.52 proto 72",
    "on link": "route replace 10.1.1.0/24 dev ens192 proto static",
    "blackhole": "route replace blackhole 10.1.1.0/24 proto static",
    "with a source": "route change 10.1.1.0/24 via 192.168.2.51 proto 72 src 192.168.2.44",
    "two next hops": "route change 10.1.1.0/24 proto 72 nexthop via 192.168.2.51"
    " nexthop via 192.168.2.52",
    "IPv6 deleted": "route del fd00:1:1::/64",
    "IPv6 static": "route replace fd00:1:1::/64 via fd00:2::200 proto static",
    "IPv6 boot": "route replace fd00:1:1::/64 via fd00:2::52 dev ens192",
    "IPv6 changed": "route replace fd00:1:1::/64 via fd00:2::52 proto 72",
    "IPv6 blackhole": "route replace blackhole fd00:1:1::/64 proto static",
    "IPv6 with a second next hop": "route append fd00:1:1::/64 via fd00:2::52 proto 72",
}


@pytest.mark.parametrize("objects", OBJECTS)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_route_comes_back(engine: Engine, attack: str, objects: str) -> None:
    engine.run(f"--nexthop-objects={objects}")
    monitor = engine.monitor()
    engine.ip(attack)
    assert_healed(engine, monitor, attack)
    engine.daemon.wait_log(rf"^W.*Route restored: {attack.split('/')[0].split()[-1]}/")


FLUSHES = ("-4 route flush proto 72", "-6 route flush proto 72")


@pytest.mark.parametrize("objects", OBJECTS)
@pytest.mark.parametrize("flush", FLUSHES)
def test_flushed_routes_come_back(engine: Engine, flush: str, objects: str) -> None:
    # `ip route flush` sends back what it read, and the kernel takes that only without what is
    # behind a nexthop object.
    engine.worker.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/nexthop_compat_mode")
    engine.run(f"--nexthop-objects={objects}")
    monitor = engine.monitor()
    command = f"ip {flush.split()[0]} -n {engine.worker.netns} " + flush.split(" ", 1)[1]
    subprocess.run(command.split(), check=True)
    assert_healed(engine, monitor, flush)


# ---- attacks on nexthop objects ----

OBJECT_ATTACKS = {
    "one deleted": "nexthop del id {one}",
    "ours flushed": "nexthop flush proto 72",
    "all flushed": "nexthop flush",
    "other gateway": "nexthop replace id {one} via 192.168.2.200 dev ens192 proto 72",
    "other gateway and mark": "nexthop replace id {one} via 192.168.2.200 dev ens192 proto static",
    "blackhole": "nexthop replace id {one} blackhole proto 72",
    "two gateways swapped": "nexthop replace id {one} via 192.168.2.52 dev ens192 proto 72",
    "an IPv6 one in its place": "nexthop replace id {one} via fd00:2::200 dev ens192 proto 72",
}


@pytest.mark.parametrize("attack", OBJECT_ATTACKS.values(), ids=OBJECT_ATTACKS)
def test_object_comes_back(engine: Engine, attack: str) -> None:
    engine.run("--nexthop-objects=always")
    one, monitor = engine.object_to("192.168.2.51"), engine.monitor()
    engine.ip(attack.format(one=one))
    assert_healed(engine, monitor, attack.format(one=one))
    poll_equal(lambda: len(engine.objects()), len(PEERS) + 1, "one object a node and the probe's")


def test_foreign_objects_are_left_alone(engine: Engine) -> None:
    """Also one with our mark outside our numbers, and one among our numbers with another's."""
    engine.ip(
        "nexthop add id 7 via 192.168.2.200 dev ens192",
        "nexthop add id 8 via 192.168.2.51 dev ens192 proto 72",
        f"nexthop add id {0x48000000} via 192.168.2.52 dev ens192 proto static",
        "route add 172.30.0.0/16 nhid 7",
        f"route add 172.31.0.0/16 nhid {0x48000000}",
    )
    for objects in ("always", "never"):
        daemon = engine.start(f"--nexthop-objects={objects}")
        engine.write(PEERS)
        engine.wait(PEERS)
        poll_equal(
            lambda: sorted(engine.objects()),
            [0x48000001, 0x48000002, 0x48000003] if objects == "always" else [],
            "our objects",
        )
        daemon.stop()
    left = {o["id"]: o["gateway"] for o in engine.worker.ip_json("nexthop", "show")}
    assert left == {7: "192.168.2.200", 8: "192.168.2.51", 0x48000000: "192.168.2.52"}
    assert {"172.30.0.0/16", "172.31.0.0/16"} <= {route["dst"] for route in engine.routes()}


# ---- repair or conflict ----


def test_one_that_came_beside_ours_is_a_conflict(engine: Engine) -> None:
    """It took nothing away: ours still leads, and the other is reported."""
    engine.run()
    monitor = engine.monitor()
    engine.ip("route append 10.1.1.0/24 via 192.168.2.200 proto static")
    engine.daemon.wait_log(r"^W.*Route 10\.1\.1\.0/24 via 192\.168\.2\.200 is in the way of ")
    engine.write((*PEERS, PROBE))
    poll(lambda: PROBE.pod_cidrs[1] in engine.ours(), "the route to one more node")
    about = [change.text for change in changes(monitor) if "10.1.1.0/24" in change.text]
    assert len(about) == 1, about
    engine.ip("route del 10.1.1.0/24 via 192.168.2.200 proto static")
    engine.wait((*PEERS, PROBE))


def test_conflict_stays_one_whatever_happens_to_others(engine: Engine) -> None:
    """The route that was there before ours: attacks on others are no licence to replace it."""
    engine.ip("route add 10.1.1.0/24 via 192.168.2.200 proto static")
    engine.write(PEERS)
    engine.start().wait_log(" is in the way of ")
    poll(lambda: "10.1.3.0/24" in engine.ours(), "the other routes")
    for attack in ("route del 10.1.3.0/24", "route replace 10.1.3.0/24 via 192.168.2.200"):
        engine.ip(attack)
        poll_equal(lambda: engine.ours().get("10.1.3.0/24"), "192.168.2.53", attack, HEALED)
    engine.ip("route replace 10.1.1.0/24 via 192.168.2.201 proto static")
    engine.write((*PEERS, PROBE))
    poll(lambda: PROBE.pod_cidrs[1] in engine.ours(), "the route to one more node")
    assert "10.1.1.0/24" not in engine.ours()


# ---- fights ----


class Opponent(threading.Thread):
    """Another program that does not want a route of ours: strikes each time that it is back."""

    def __init__(self, engine: Engine, destination: str, strike: str):
        super().__init__(daemon=True)
        self.hits: list[float] = []
        self._engine, self._destination, self._command = engine, destination, strike
        self._over = threading.Event()

    def _present(self) -> bool:
        return self._destination in self._engine.ours()

    def _strike(self) -> None:
        self._engine.ip(self._command)

    def run(self) -> None:
        while not self._over.wait(0.02):
            if self._present():
                self._strike()
                self.hits.append(time.monotonic())

    def stop(self) -> None:
        self._over.set()
        self.join()


class ObjectOpponent(Opponent):
    """The same for the nexthop object to a gateway."""

    def __init__(self, engine: Engine, gateway: str, strike: str):
        super().__init__(engine, "", strike)
        self._gateway = gateway

    def _present(self) -> bool:
        return self._gateway in self._engine.objects().values()

    def _strike(self) -> None:
        self._engine.ip(self._command.format(one=self._engine.object_to(self._gateway)))


def fight_lines(engine: Engine) -> list[str]:
    return re.findall("^.*fights over the.*$", engine.daemon.log(), re.MULTILINE)


def test_fight(engine: Engine) -> None:
    """Three at once: each is noticed after five repairs, said once, and then taken slowly."""
    engine.run("--nexthop-objects=always")
    strikes = {
        "10.1.1.0/24": "route del 10.1.1.0/24",
        "10.1.2.0/24": "route replace 10.1.2.0/24 via 192.168.2.200 proto bgp",
        "fd00:1:1::/64": "route replace fd00:1:1::/64 via fd00:2::200 proto static",
    }
    opponents = [Opponent(engine, destination, strike) for destination, strike in strikes.items()]
    for opponent in opponents:
        opponent.start()
    poll(lambda: len(fight_lines(engine)) == 3, "three fights are noticed")
    poll(lambda: all(len(o.hits) == FIGHT_REPAIRS + 1 for o in opponents), "the last hits")
    for opponent in opponents:
        opponent.stop()
    last_hit = max(opponent.hits[-1] for opponent in opponents)

    for destination, who in zip(strikes, ("deletes it", "protocol bgp", "protocol static")):
        about = [line for line in fight_lines(engine) if destination in line]
        assert len(about) == 1 and about[0].startswith("W") and who in about[0], about

    # The others are looked after as ever; those wait.
    for destination in ("10.1.3.0/24", "fd00:1:2::/64", "fd00:1:3::/64"):
        engine.ip(f"route del {destination}")
        poll(lambda: destination in engine.ours(), f"{destination} is back", HEALED)
    while time.monotonic() < last_hit + 5:
        assert not strikes.keys() & engine.ours().keys()
        time.sleep(0.1)
    poll(lambda: strikes.keys() & engine.ours().keys(), "the next repair", FIGHT_PACE[1])
    assert time.monotonic() - last_hit > FIGHT_PACE[0]
    print(f"one of them is put back {time.monotonic() - last_hit:.1f} s after the last attack")
    engine.wait(PEERS)
    assert len(fight_lines(engine)) == 3


@pytest.mark.parametrize(
    "strike",
    [
        "nexthop del id {one}",
        "nexthop replace id {one} via 192.168.2.200 dev ens192 proto 72",
    ],
)
def test_fight_over_an_object(engine: Engine, strike: str) -> None:
    """It does not come back at full speed either."""
    engine.run("--nexthop-objects=always")
    opponent = ObjectOpponent(engine, "192.168.2.51", strike)
    opponent.start()
    poll(lambda: len(opponent.hits) > FIGHT_REPAIRS, "the repairs before it is a fight")
    begun = time.monotonic()
    poll(lambda: time.monotonic() > begun + 3, "three seconds later")
    opponent.stop()
    assert len(opponent.hits) <= 2 * FIGHT_REPAIRS, f"{len(opponent.hits)} objects were made"
    assert len(fight_lines(engine)) == 1
