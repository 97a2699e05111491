# SPDX-License-Identifier: GPL-2.0-or-later
"""Whatever happens, in whatever order: once things settle, the kernel holds exactly the plan and
the untouched routes of others.

HOSTGW_PROPERTY_SEED repeats a run; HOSTGW_PROPERTY_STEPS makes a longer one.
"""

import os
import random
import time
from typing import Any, Callable

from engine import PROBE, Engine, Peer, engine_lab, peer
from engine_model import FOREIGN_OBJECT, Model, Route, kernel_state
from waiting import poll_equal

STEPS = int(os.environ.get("HOSTGW_PROPERTY_STEPS", "700"))
SETTLED = 5.0  # seconds
# Fewer than make a fight: hits on one route within so many seconds.
MOST_HITS, HITS_WINDOW = 3, 11.0
NUMBERS = range(1, 11)  # of pod CIDRs and nodes
TUNNEL = (
    "link add tun0 type veth peer name tun1",
    "address add 172.16.0.1/24 dev tun0",
    "address add fd00:99::1/64 dev tun0 nodad",
    "link set tun0 up",
    "link set tun1 up",
)


class Story:
    """One run: what happens is chosen here, done to the host, and told to the model."""

    def __init__(self, engine: Engine, chance: random.Random):
        self.engine = engine
        self.model = Model()
        self._chance = chance
        self._hits: dict[str, list[float]] = {}
        self._running = False
        engine.ip(*TUNNEL, "route del default")
        engine.wait_calm()
        self._write()

    # ---- the daemon and its nodes ----

    def start(self) -> str:
        self.model.objects = self._chance.choice(("never", "always", "always", "auto"))
        self.model.metric = self._chance.choice((0, 0, 0, 9))
        self.engine.start(
            "--iface=ens192",
            f"--nexthop-objects={self.model.objects}",
            f"--route-metric={self.model.metric}",
        )
        self._running = True
        self._hits.clear()
        return f"start, objects {self.model.objects}, metric {self.model.metric}"

    def _end(self) -> str:
        self._running = False
        if self._chance.random() < 0.5:
            assert self.engine.daemon.stop() == 0
            return "SIGTERM"
        self.engine.daemon.kill()
        return "SIGKILL"

    def restart(self) -> str:
        """With up to three things that happen while it is down."""
        told = [self._end()]
        for _ in range(self._chance.randrange(4)):
            told.append(self._chance.choice(WHILE_DOWN)(self))
        return "; ".join([*told, self.start()])

    def _write(self) -> None:
        self.engine.write(self.model.nodes.values())

    def _some_peer(self) -> Peer:
        """Mostly a sound one; else with another's subnet, the host's, or a wrong next hop."""
        number = self._chance.choice(NUMBERS)
        made = peer(number, 100 + self._chance.randrange(100))
        kind = self._chance.random()
        if kind < 0.1:
            made = Peer(made.name, peer(self._chance.choice(NUMBERS)).pod_cidrs, made.addresses)
        elif kind < 0.15:
            made = Peer(made.name, ("10.1.0.0/24", "fd00:1::/64"), made.addresses)
        elif kind < 0.2:
            made = Peer(made.name, ("10.9.0.0/24", "fd00:9::/64"), made.addresses)
        elif kind < 0.25:
            made = Peer(made.name, made.pod_cidrs, ("192.168.9.9", "fd00:9::9"))
        elif kind < 0.3:
            made = Peer(made.name, made.pod_cidrs[:1], made.addresses[:1])
        return made

    def put_nodes(self) -> str:
        """Some come, or change subnet or address."""
        made = [self._some_peer() for _ in range(self._chance.choice((1, 1, 1, 5)))]
        self.model.nodes |= {node.name: node for node in made}
        self._write()
        return f"put {made}"

    def remove_nodes(self) -> str:
        names = sorted(self.model.nodes)
        gone = self._chance.sample(names, min(len(names), self._chance.choice((1, 1, 2, 4))))
        for name in gone:
            del self.model.nodes[name]
        self._write()
        return f"remove {gone}"

    def break_file(self) -> str:
        """It must change nothing, until it is mended."""
        since = self.engine.daemon.log_end()
        self.engine.lab.write_nodes_file("- {name: kubworker1\n")
        self.engine.daemon.wait_log(r"^[WE].*nodes\.yaml", since=since)
        return "broken file"

    # ---- others meddle with routes of ours ----

    def _hit(self, *destinations: str) -> bool:
        """May they be hit now? Then they are taken to be."""
        now = time.monotonic()
        recent = {
            d: [t for t in self._hits.get(d, []) if now - t < HITS_WINDOW] for d in destinations
        }
        if any(len(times) >= MOST_HITS for times in recent.values()):
            return False
        for destination, times in recent.items():
            self._hits[destination] = [*times, now]
        return True

    def _victim(self) -> tuple[str, str] | None:
        """A route of ours, and the words that name it."""
        present = [d for d, *_ in kernel_state(self.engine)["ours"]]
        if not present:
            return None
        destination = self._chance.choice(present)
        if not self._hit(destination):
            return None
        metric = next(m for d, m, *_ in kernel_state(self.engine)["ours"] if d == destination)
        return destination, f"{destination} metric {metric}"

    def delete_route(self) -> str:
        victim = self._victim()
        if not victim:
            return ""
        self.engine.ip(f"route del {victim[1]}")
        return f"delete {victim[1]}"

    def replace_route(self) -> str:
        """A running daemon takes it back; one that was down finds it in its way."""
        victim = self._victim()
        if not victim:
            return ""
        destination, words = victim
        route = self._foreign_route(destination, int(words.split()[-1]))
        self.engine.ip(f"route replace {route.words()}")
        if not self._running:
            self.model.foreign[route.key] = route
        return f"replace by {route.words()}"

    def change_route(self) -> str:
        """With our own mark, by a program that should not have it."""
        victim = self._victim()
        if not victim:
            return ""
        gateway = "fd00:2::250" if ":" in victim[0] else "192.168.2.250"
        how = self._chance.choice((f"via {gateway} dev ens192", "dev ens192"))
        self.engine.ip(f"route replace {victim[1]} {how} proto 72")
        return f"change {victim[1]} {how}"

    def take_objects(self) -> str:
        objects = self.engine.objects()
        victims = [d for d, *_ in kernel_state(self.engine)["ours"] if ":" not in d]
        if not objects or not self._hit(*victims):
            return ""
        number = self._chance.choice(sorted(objects))
        command = self._chance.choice(
            (
                "nexthop flush",
                "nexthop flush proto 72",
                f"nexthop del id {number}",
                f"nexthop replace id {number} via 192.168.2.250 dev ens192 proto 72",
            )
        )
        self.engine.ip(command)
        if command == "nexthop flush" and self.model.foreign_object:
            self._forget_foreign_object()
        return command

    def shake_uplink(self) -> str:
        """The kernel drops the routes; with the link, also the IPv6 address."""
        if not self._hit(*(d for d, *_ in kernel_state(self.engine)["ours"])):
            return ""
        away = self._chance.choice(
            (
                ("link set ens192 down", "link set ens192 up", "address add fd00:2::44/64"
                 " dev ens192 nodad"),
                ("address del 192.168.2.44/24 dev ens192", "address add 192.168.2.44/24"
                 " dev ens192"),
                ("address del fd00:2::44/64 dev ens192", "address add fd00:2::44/64"
                 " dev ens192 nodad"),
            )
        )
        if self._chance.random() < 0.5:
            self.engine.ip(*away)
        else:
            for command in away:
                self.engine.ip(command)
        return "; ".join(away)

    # ---- others have routes of their own ----

    def _foreign_route(self, destination: str, metric: int) -> Route:
        gateway = "fd00:99::" if ":" in destination else "172.16.0."
        gateway += str(self._chance.randrange(2, 9))
        return Route(destination, metric, self._chance.choice(("3", "4", "186")), gateway)

    def add_foreign(self) -> str:
        """Inside the Network or outside, to a node's subnet or beside."""
        number = self._chance.choice((*NUMBERS, 77, 78))
        destination = self._chance.choice(
            (*peer(number).pod_cidrs, f"10.1.{number}.128/25", f"172.30.{number}.0/24")
        )
        metric = self._chance.choice((self.model.our_metric(destination), 9, 20))
        route = self._foreign_route(destination, metric)
        taken = route.key in self.model.foreign
        mine = destination in self.model.ours() and metric == self.model.our_metric(destination)
        if taken or mine or not self._running:
            return ""
        self.engine.ip(f"route add {route.words()}")
        self.model.foreign[route.key] = route
        return f"foreign {route.words()}"

    def remove_foreign(self) -> str:
        routes = sorted(route for route in self.model.foreign.values() if not route.number)
        if not routes:
            return ""
        route = self._chance.choice(routes)
        self.engine.ip(f"route del {route.words()}")
        del self.model.foreign[route.key]
        return f"foreign gone {route.words()}"

    def toggle_foreign_object(self) -> str:
        route = Route("172.30.200.0/24", 0, "3", "172.16.0.9", "tun0", FOREIGN_OBJECT)
        if self.model.foreign_object:
            self.engine.ip(f"nexthop del id {FOREIGN_OBJECT}")
            self._forget_foreign_object()
            return "foreign object gone"
        self.engine.ip(
            f"nexthop add id {FOREIGN_OBJECT} via 172.16.0.9 dev tun0 proto static",
            f"route add {route.dst} nhid {FOREIGN_OBJECT}",
        )
        self.model.foreign[route.key] = route
        self.model.foreign_object = True
        return "foreign object"

    def _forget_foreign_object(self) -> None:
        self.model.foreign_object = False
        self.model.foreign = {k: r for k, r in self.model.foreign.items() if not r.number}

    # ---- a step ----

    def step(self) -> str:
        return self._chance.choices(*zip(*WEIGHTS.items()))[0](self)

    def assert_settled(self) -> None:
        """By events alone, at first. Then one more node's address changes: once its route has,
        whatever happened before is dealt with, and nothing else may have come of it."""
        poll_equal(lambda: kernel_state(self.engine), self.model.state(), "settled", SETTLED)
        probe = peer(250, self._chance.choice([h for h in (240, 241) if h != self._probe_host()]))
        self.model.nodes[PROBE.name] = probe
        self._write()
        poll_equal(lambda: kernel_state(self.engine), self.model.state(), "settled", SETTLED)

    def _probe_host(self) -> int:
        probe = self.model.nodes.get(PROBE.name)
        return int(probe.addresses[0].rpartition(".")[2]) if probe else 0


Step = Callable[[Story], str]

WHILE_DOWN: tuple[Step, ...] = (
    Story.put_nodes,
    Story.remove_nodes,
    Story.delete_route,
    Story.replace_route,
    Story.change_route,
    Story.take_objects,
    Story.shake_uplink,
    Story.remove_foreign,
)
WEIGHTS: dict[Step, int] = {
    Story.put_nodes: 8,
    Story.remove_nodes: 3,
    Story.break_file: 1,
    Story.delete_route: 4,
    Story.replace_route: 4,
    Story.change_route: 4,
    Story.take_objects: 2,
    Story.shake_uplink: 2,
    Story.add_foreign: 4,
    Story.remove_foreign: 3,
    Story.toggle_foreign_object: 1,
    Story.restart: 2,
}


def test_kernel_holds_the_plan_and_what_is_foreign() -> None:
    seed = int(os.environ.get("HOSTGW_PROPERTY_SEED", random.randrange(1 << 32)))
    begun = time.monotonic()
    with engine_lab() as engine:
        story = Story(engine, random.Random(seed))
        print(f"HOSTGW_PROPERTY_SEED={seed} HOSTGW_PROPERTY_STEPS={STEPS}")
        print(story.start())
        story.assert_settled()
        for number in range(STEPS):
            told: Any = story.step()
            if told:
                print(f"{number}: {told}")
                story.assert_settled()
    print(f"{STEPS} steps in {time.monotonic() - begun:.1f} s")
