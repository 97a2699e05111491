# SPDX-License-Identifier: GPL-2.0-or-later
"""Whose a route is: marks, what an earlier life or flannel left, what others own."""

import re
from typing import Callable, Generator

import pytest

import nodes_file
from dual_stack import V6_CONF
from engine import BOOT, IP_FAMILIES, OBJECTS, PEERS, PROBE, STATIC, Engine, changes, engine_lab, peer, texts
from lab import Lab, Node
from process import Process
from waiting import poll, poll_equal

ENDS = (Process.stop, Process.kill)

# A link that leads to no node, for routes of others.
TUNNEL = (
    "link add tun0 type veth peer name tun1",
    "address add 172.16.0.1/24 dev tun0",
    "address add fd00:99::1/64 dev tun0 nodad",
    "link set tun0 up",
    "link set tun1 up",
)


@pytest.fixture
def engine() -> Generator[Engine, None, None]:
    with engine_lab() as made:
        yield made


# ---- marks ----


def test_protocol_has_a_name(engine: Engine) -> None:
    engine.run()
    for option, destination in zip(IP_FAMILIES, PEERS[0].pod_cidrs):
        lines = [line for line in engine.worker.route_text(option) if destination in line]
        assert len(lines) == 1 and " proto hostgw" in lines[0], lines


MARKS = {
    "defaults": ([], ("254", 0, 1024, "72")),
    "table": (["--route-table=100"], ("100", 0, 1024, "72")),
    "metric": (["--route-metric=50"], ("254", 50, 50, "72")),
    "protocol": (["--route-protocol=73"], ("254", 0, 1024, "73")),
    "all": (
        ["--route-table=100", "--route-metric=7", "--route-protocol=200"],
        ("100", 7, 7, "200"),
    ),
}


def all_marks(engine: Engine) -> list[tuple[str, str, int]]:
    """Also of several routes to one destination."""
    ours = [route for route in engine.routes() if route["protocol"] == "72"]
    return [(r["dst"], r.get("table", "254"), r.get("metric", 0)) for r in ours]


def marks(engine: Engine, protocol: str) -> dict[str, tuple[str, int, int]]:
    return {
        route["dst"]: (route.get("table", "254"), route.get("metric", 0))
        for route in engine.routes()
        if route["protocol"] == protocol
    }


@pytest.mark.parametrize("objects", OBJECTS)
@pytest.mark.parametrize("arguments, wanted", MARKS.values(), ids=MARKS)
def test_table_metric_and_protocol(
    engine: Engine, arguments: list[str], wanted: tuple[str, int, int, str], objects: str
) -> None:
    table, metric4, metric6, protocol = wanted
    engine.write(PEERS)
    engine.start(f"--nexthop-objects={objects}", *arguments)
    expected = {node.pod_cidrs[0]: (table, metric4) for node in PEERS}
    expected |= {node.pod_cidrs[1]: (table, metric6) for node in PEERS}
    poll_equal(lambda: marks(engine, protocol), expected, "table and metric of the routes")


def test_other_table_and_metric_leave_nothing_behind(engine: Engine) -> None:
    """Routes of a life with other options are ours all the same: they go once the new ones are
    there."""
    lives = [[], ["--route-table=100"], ["--route-table=100", "--route-metric=50"], []]
    for arguments in lives:
        engine.run(*arguments)
        table = "100" if arguments else "254"
        metrics = (50, 50) if "--route-metric=50" in arguments else (0, 1024)
        wanted = [(cidr, table, metric) for n in PEERS for cidr, metric in zip(n.pod_cidrs, metrics)]
        poll_equal(lambda: sorted(all_marks(engine)), sorted(wanted), "our routes")
        assert len(engine.routes()) == len(wanted) + 1, "ours and the default route"
        engine.daemon.stop()


# ---- an earlier life ----


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("objects", OBJECTS)
@pytest.mark.parametrize("families", ["dual-stack", "IPv6-only"])
def test_restart_is_no_message(
    engine: Engine, families: str, objects: str, end: Callable[[Process], object]
) -> None:
    if families == "IPv6-only":
        engine.worker.net_conf.write_text(V6_CONF, encoding="ascii")
        engine.ip("route add default via fd00:2::fe dev ens192")
    wanted = {c: a for n in PEERS for c, a in zip(n.pod_cidrs, n.addresses)}
    if families == "IPv6-only":
        wanted = {c: a for c, a in wanted.items() if ":" in c}
    arguments = [f"--nexthop-objects={objects}", "--ip-blackhole-route"]
    wanted |= {"fd00:1::/64": "6", **({"10.1.0.0/24": "6"} if families == "dual-stack" else {})}
    engine.write(PEERS)
    engine.start(*arguments)
    poll_equal(engine.ours, wanted, "routes")
    assert bool(engine.objects()) == (objects == "always" and families == "dual-stack")
    before, monitor = engine.objects(), engine.monitor()

    end(engine.daemon)
    engine.start(*arguments).wait_log("Watching for new subnet leases")
    # The next change is carried out after whatever the start made it do.
    engine.write((*PEERS, PROBE))
    poll(lambda: PROBE.pod_cidrs[1] in engine.ours(), "the route to one more node")
    probe = (*PROBE.pod_cidrs, *PROBE.addresses)
    others = [text for text in texts(monitor) if not any(part in text for part in probe)]
    assert others == []
    assert before.items() <= engine.objects().items()


# ---- flannel's leftovers ----


@pytest.mark.parametrize("objects", OBJECTS)
def test_flannels_leftovers_are_replaced_in_place(engine: Engine, objects: str) -> None:
    """Also one via the address that another node has by now."""
    engine.ip(
        "route add 10.1.1.0/24 via 192.168.2.51 dev ens192",
        "route add 10.1.2.0/24 via 192.168.2.53 dev ens192",
        "route add fd00:1:1::/64 via fd00:2::51 dev ens192",
        "route add fd00:1:2::/64 via fd00:2::53 dev ens192",
    )
    monitor = engine.monitor()
    engine.run(f"--nexthop-objects={objects}")
    seen = changes(monitor)
    assert not [change for change in seen if change.deleted]
    for destination in (d for node in PEERS for d in node.pod_cidrs):
        lines = [change.text for change in seen if change.text.startswith(destination)]
        assert len(lines) == 1, lines
    assert not [route for route in engine.routes() if route["protocol"] == BOOT]


# ---- what others own ----

STRANGERS = {
    "of a node that is gone": "10.1.99.0/24 via 192.168.2.99 dev ens192",
    "by hand": "10.1.98.0/24 via 172.16.0.9 dev tun0 proto static",
    "a blackhole": "blackhole 10.1.97.0/24 proto static",
    "part of a node's": "10.1.1.128/25 via 172.16.0.9 dev tun0 proto bgp",
    "a node's, at another metric": "10.1.1.0/24 via 172.16.0.9 dev tun0 proto static metric 9",
    "IPv6": "fd00:1:99::/64 via fd00:99::9 dev tun0 proto static",
    "IPv6, a node's": "fd00:1:1::/64 via fd00:99::9 dev tun0 proto static metric 9",
}
HARMLESS = ("172.30.0.0/16 via 172.16.0.9 dev tun0", "10.1.0.64/26 via 172.16.0.9 dev tun0")


def foreign(engine: Engine) -> list[str]:
    """Routes of others, each as one text."""
    return sorted(str(route) for route in engine.routes() if route["protocol"] != "72")


def test_strangers_are_said_once_and_stay(engine: Engine) -> None:
    engine.ip(*TUNNEL, *(f"route add {route}" for route in (*STRANGERS.values(), *HARMLESS)))
    before = foreign(engine)
    engine.run()
    engine.settle()
    for nodes in (PEERS[1:], PEERS):
        engine.write(nodes)
        engine.wait(nodes)
    lines = re.findall(r"Route (.*) leads into the Network, and no node claims it",
                       engine.daemon.log())
    destinations = [re.sub("^blackhole ", "", line).split()[0] for line in lines]
    wanted = [re.sub("^blackhole ", "", route).split()[0] for route in STRANGERS.values()]
    assert sorted(destinations) == sorted(wanted)
    assert foreign(engine) == before
    engine.daemon.stop()
    assert foreign(engine) == before


IN_THE_WAY = {
    "IPv4": ("10.1.1.0/24 via 172.16.0.9 dev tun0 proto static", "10.1.1.0/24"),
    "IPv4 boot, off the uplink": ("10.1.1.0/24 via 172.16.0.9 dev tun0", "10.1.1.0/24"),
    "IPv4 boot, via no node": ("10.1.1.0/24 via 192.168.2.99 dev ens192", "10.1.1.0/24"),
    "IPv4 blackhole": ("blackhole 10.1.1.0/24", "10.1.1.0/24"),
    "IPv6": ("fd00:1:1::/64 via fd00:99::9 dev tun0 proto static", "fd00:1:1::/64"),
}


@pytest.mark.parametrize("objects", OBJECTS)
@pytest.mark.parametrize("route, destination", IN_THE_WAY.values(), ids=IN_THE_WAY)
def test_foreign_route_in_the_way(
    engine: Engine, route: str, destination: str, objects: str
) -> None:
    """Reported once, never fought; once it is gone ours comes at once."""
    engine.ip(*TUNNEL, f"route add {route}")
    before = foreign(engine)
    engine.write(PEERS)
    engine.start(f"--nexthop-objects={objects}")
    everything = {c: a for n in PEERS for c, a in zip(n.pod_cidrs, n.addresses)}
    others = {c: a for c, a in everything.items() if c != destination}
    poll_equal(engine.ours, others, "the other routes")
    engine.daemon.wait_log(rf"^W.*Route (blackhole )?{destination}.* is in the way of ")
    engine.write((*PEERS, PROBE))
    poll(lambda: PROBE.pod_cidrs[1] in engine.ours(), "the route to one more node")
    assert engine.daemon.log().count(" is in the way of ") == 1
    assert foreign(engine) == before
    engine.write(PEERS)
    poll_equal(engine.ours, others, "the other routes")

    engine.ip(f"route del {route}")
    engine.wait(PEERS)


WAYS_TO_GO = {
    "with its link": ("link del tun0", "10.1.1.0/24 via 172.16.0.9 dev tun0 proto static"),
    "with its link down": ("link set tun0 down", "10.1.1.0/24 via 172.16.0.9 dev tun0"),
    "with its address": (
        "address del 172.16.0.1/24 dev tun0",
        "10.1.1.0/24 via 172.16.0.9 dev tun0 proto static",
    ),
    "with its object": ("nexthop del id 7", "10.1.1.0/24 nhid 7 proto static"),
    "IPv6, with its link": ("link del tun0", "fd00:1:1::/64 via fd00:99::9 dev tun0"),
    "IPv6, with its object": ("nexthop del id 8", "fd00:1:1::/64 nhid 8 proto static"),
}


@pytest.mark.parametrize("command, route", WAYS_TO_GO.values(), ids=WAYS_TO_GO)
def test_foreign_route_that_goes_without_a_word(
    engine: Engine, command: str, route: str
) -> None:
    """The kernel drops it together with something else and does not say so."""
    engine.ip(
        *TUNNEL,
        "nexthop add id 7 via 172.16.0.9 dev tun0",
        "nexthop add id 8 via fd00:99::9 dev tun0",
        f"route add {route}",
    )
    engine.wait_calm()
    engine.write(PEERS)
    engine.start().wait_log(r"^W.*Route .* is in the way of ")
    poll(lambda: PEERS[2].pod_cidrs[1] in engine.ours(), "the other routes")
    engine.ip(command)
    engine.wait(PEERS)


def test_foreign_route_put_there_while_nobody_looked(engine: Engine) -> None:
    """A new life does not know that it took our route's place: it was there first."""
    engine.run()
    engine.daemon.kill()
    engine.ip(*TUNNEL, "route replace 10.1.1.0/24 via 172.16.0.9 dev tun0 proto static")
    engine.start().wait_log(r"^W.*Route 10\.1\.1\.0/24 via 172\.16\.0\.9 is in the way of ")
    engine.write((*PEERS, PROBE))
    poll(lambda: PROBE.pod_cidrs[0] in engine.ours(), "the route to one more node")
    assert "10.1.1.0/24" not in engine.ours()
    assert [r["protocol"] for r in engine.routes() if r["dst"] == "10.1.1.0/24"] == [STATIC]


# ---- changes of ours ----


def test_next_hop_change_is_one_replace(engine: Engine) -> None:
    engine.run("--nexthop-objects=never")
    monitor = engine.monitor()
    moved = (peer(1, 151), *PEERS[1:])
    engine.write(moved)
    engine.wait(moved)
    assert texts(monitor) == ["10.1.1.0/24 via 192.168.2.151", "fd00:1:1::/64 via fd00:2::151"]


def test_next_hop_change_through_objects_touches_no_route(engine: Engine) -> None:
    # By default the kernel tells of each route of a changed object as if it had changed, too.
    engine.worker.run("sh", "-c", "echo 0 >/proc/sys/net/ipv4/nexthop_compat_mode")
    engine.run("--nexthop-objects=always")
    number, monitor = engine.object_to("192.168.2.51"), engine.monitor()
    moved = (peer(1, 151), *PEERS[1:])
    engine.write(moved)
    engine.wait(moved)
    assert texts(monitor) == [f"id {number} via 192.168.2.151", "fd00:1:1::/64 via fd00:2::151"]


def test_next_hop_change_through_objects_deletes_nothing(engine: Engine) -> None:
    """As above, with the kernel's default: one message of the object, one of its route."""
    engine.run("--nexthop-objects=always")
    number, monitor = engine.object_to("192.168.2.51"), engine.monitor()
    moved = (peer(1, 151), *PEERS[1:])
    engine.write(moved)
    engine.wait(moved)
    assert texts(monitor) == [
        f"id {number} via 192.168.2.151",
        f"10.1.1.0/24 nhid {number} via 192.168.2.151",
        "fd00:1:1::/64 via fd00:2::151",
    ]


@pytest.mark.parametrize("end", ENDS)
def test_change_over_to_objects_and_back(engine: Engine, end: Callable[[Process], object]) -> None:
    """In place: each route is replaced once, none is deleted."""
    engine.run("--nexthop-objects=never")
    for objects in ("always", "never"):
        monitor = engine.monitor()
        end(engine.daemon)
        engine.run(f"--nexthop-objects={objects}")
        poll_equal(lambda: len(engine.objects()), 3 if objects == "always" else 0, "objects")
        seen = [change.text for change in changes(monitor)]
        routes = [text for text in seen if "10.1." in text or "fd00:1:" in text]
        assert len(routes) == len(PEERS) and all("nhid" in r for r in routes) == (
            objects == "always"
        )
        assert not [text for text in routes if text.startswith("Deleted ")]


# ---- what pods notice ----


def moved_to(lab: Lab, address: str) -> list[Node]:
    return [
        Node(n.name, address, n.pod_cidr) if n.name == "kubworker2" else n for n in lab.nodes
    ]


def test_pings_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    """A pod's, through new next hops, restarts, crashes and changes over to objects and back."""
    with Lab(workers=3) as lab:
        worker, other = lab.workers[:2]
        lab.add_pods()
        other.batch("address add 192.168.2.145/24 dev ens192")
        lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
        other.start_daemon()
        other.wait_routes(lab.nodes)
        daemon = worker.start_daemon("--nexthop-objects=never")
        worker.wait_routes(lab.nodes)
        assert worker.pod
        pings = worker.pod.start("ping", "-n", "-i", "0.005", "10.1.4.10", name="ping")
        pings.wait_log("icmp_seq=1 ")
        for objects, end in (("always", Process.stop), ("never", Process.kill)):
            for address in ("192.168.2.145", "192.168.2.45"):
                lab.write_nodes_file(nodes_file.short_yaml(moved_to(lab, address)))
                worker.wait_routes(moved_to(lab, address))
            end(daemon)
            daemon = worker.start_daemon(f"--nexthop-objects={objects}")
            daemon.wait_log("Watching for new subnet leases")
        pings.interrupt()
        counts = re.search(r"(\d+) packets transmitted, (\d+) received", pings.log())
        with capsys.disabled():
            print("\npings:", counts and counts[0])
        assert counts and int(counts[1]) == int(counts[2]) > 1
