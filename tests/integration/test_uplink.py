# SPDX-License-Identifier: GPL-2.0-or-later
"""The interface to the other nodes changes, moves, goes and comes back."""

import json
import re
from datetime import datetime
from itertools import groupby
from typing import Generator

import pytest

from dual_stack import (
    DUAL_CONF, V6_CONF, V4_ROUTES, V6_ROUTES, dual_stack_worker, v6_routes, wait_v4, wait_v6
)  # fmt: skip
from fake_site import Site, walk_through_site
from lab import Worker
from process import Process
from waiting import poll, poll_equal

V4, V6 = "192.168.2.44/24", "fd00:2::44/64"
ADDRESSES = [f"address add {V4} dev ens192 metric 100", f"address add {V6} dev ens192 nodad"]
PUBLIC_IP = "flannel.alpha.coreos.com/public-ip"


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    """Keeps its IPv6 address while the interface is down, as network managers have it."""
    with dual_stack_worker() as made:
        made.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/keep_addr_on_down")
        yield made


def wait_both(worker: Worker) -> None:
    wait_v4(worker)
    wait_v6(worker)


def devices(worker: Worker, family: str = "-4") -> set[str]:
    """The interfaces that our routes take."""
    return {route["dev"] for route in worker.ip_json(family, "route", "show", "proto", "72")}


def wait_over(worker: Worker, interface: str) -> None:
    """Both families' routes stand, and take this interface."""
    wait_both(worker)
    for family in ("-4", "-6"):
        poll_equal(lambda: devices(worker, family), {interface}, f"routes over {interface}")


def lines(daemon: Process, pattern: str) -> int:
    return len(re.findall(pattern, daemon.log(), re.MULTILINE))


def pod_events(events: list[str]) -> list[str]:
    """What happened to routes to pods."""
    return [event.partition(" via ")[0] for event in events if "10.1." in event]


def add_second_uplink(worker: Worker, *addresses: str) -> None:
    """ens224, of which nobody needs the other end."""
    worker.batch("link add ens224 type veth peer name away", "link set away up")
    worker.batch(*(f"address add {address} dev ens224" for address in addresses))
    worker.batch("link set ens224 up")


# ---- down and up ----


def milliseconds_since_carrier(monitor: Process, destination: str) -> float:
    """From ens192's last getting it to the route's being there, as `ip -ts monitor` saw it."""
    stamped = re.compile(r"^\[([-0-9T:.]+)\] *\[(LINK|ROUTE)\](.*)$", re.MULTILINE)
    was_up, since, back = True, None, None
    for when, kind, what in stamped.findall(monitor.log()):
        now = datetime.fromisoformat(when)
        if kind == "LINK" and "ens192" in what:
            since = now if "state UP" in what and not was_up else since
            was_up = "state UP" in what
        elif kind == "ROUTE" and what.startswith(f"{destination} via "):
            back = now
    assert since and back
    return (back - since).total_seconds() * 1000


@pytest.mark.parametrize("conf", [DUAL_CONF, V6_CONF], ids=["dual-stack", "IPv6-only"])
def test_down_and_up(worker: Worker, conf: str) -> None:
    worker.net_conf.write_text(conf, encoding="ascii")
    worker.start_daemon("--iface=ens192")
    wanted = {**(V4_ROUTES if conf == DUAL_CONF else {}), **V6_ROUTES}

    def routes() -> dict[str, str]:
        return {**worker.routes(), **v6_routes(worker)}

    poll_equal(routes, wanted, "routes")
    command = ["ip", "-n", worker.netns, "-N", "-ts", "monitor", "label", "link", "route"]
    monitor = worker.start(*command, name="monitor")
    for round_trip in range(3):
        worker.batch("link set ens192 down")
        poll_equal(routes, {}, "the kernel dropped the routes")
        worker.batch("link set ens192 up")
        poll_equal(routes, wanted, "routes are back")
        for destination in wanted:
            monitor.wait_log(rf"(?s)(\]{re.escape(destination)} via.*){{{round_trip + 1}}}")
            took = milliseconds_since_carrier(monitor, destination)
            print(f"{destination} back {took:.1f} ms after the carrier")


def test_carrier_lost_and_back(worker: Worker) -> None:
    """The cable pulled at the switch: the kernel keeps the routes, and so do we."""
    worker.start_daemon()
    wait_both(worker)
    monitor = worker.monitor_routes()
    switch = ["ip", "-n", worker.netns.replace(worker.name, "switch"), "link", "set", worker.name]
    worker.run(*switch, "down")
    poll(lambda: "NO-CARRIER" in worker.run("ip", "link", "show", "ens192").stdout, "no carrier")
    worker.run(*switch, "up")
    poll(lambda: "LOWER_UP" in worker.run("ip", "link", "show", "ens192").stdout, "a carrier")
    wait_both(worker)
    assert pod_events(monitor.events()) == []


# ---- addresses ----


@pytest.fixture
def site() -> Generator[Site, None, None]:
    with walk_through_site() as made:
        yield made


def told(site: Site) -> list[str]:
    """The addresses that the own Node was annotated with, each change once."""
    bodies = [json.loads(sent.body) for sent in site.api.requests if sent.kind == "patch"]
    named = [body.get("metadata", {}).get("annotations", {}).get(PUBLIC_IP) for body in bodies]
    return [address for address, _ in groupby(filter(None, named))]


def test_address_changed_by_dhcp(site: Site) -> None:
    """Routes are there again, and the other nodes are told the new address."""
    site.start("--annotate=true")
    site.wait_routes()
    poll_equal(lambda: told(site), ["192.168.2.44"], "annotation")
    site.worker.batch(
        "address del 192.168.2.44/24 dev ens192",
        "address add 192.168.2.144/24 dev ens192 metric 100",
    )
    site.wait_routes()
    poll_equal(lambda: told(site), ["192.168.2.44", "192.168.2.144"], "annotation")


def test_named_address_stays_the_chosen_one(site: Site) -> None:
    """Also beside one that the kernel lists before it, after whatever changed on the interface."""
    site.worker.batch(
        "address flush dev ens192",
        "address add 192.168.2.7/32 dev ens192",
        "address add 192.168.2.44/24 dev ens192 metric 100",
    )
    site.start("--annotate=true", "--iface=192.168.2.44")
    site.wait_routes()
    poll_equal(lambda: told(site), ["192.168.2.44"], "annotation")
    site.new_events()
    site.worker.batch("link set ens192 mtu 1400", "address add 192.168.2.8/32 dev ens192")
    site.worker.wait_mtu(1400)
    site.remove("kubworker5")
    site.wait_routes()
    assert pod_events(site.new_events()) == ["Deleted 10.1.3.0/24"]
    assert told(site) == ["192.168.2.44"]


def test_subnet_moved_away_and_back(site: Site) -> None:
    """In another subnet no peer is a neighbour: each is named with what it is not in."""
    daemon = site.start()
    site.wait_routes()
    home, away = "192.168.2.44/24 dev ens192", "192.168.7.44/24 dev ens192"
    site.worker.batch(f"address del {home}", f"address add {away}")
    daemon.wait_log(
        r"^W.*Skipping node kubworker2 \(10\.1\.4\.0/24 via 192\.168\.2\.45\): off-link: "
        r"its address is in no subnet of this host's interface ens192 \(192\.168\.7\.44/24\); host-gw needs"
    )
    poll_equal(site.worker.routes, {}, "no routes")
    site.worker.batch(f"address add {home}", f"address del {away}")
    site.wait_routes()


# ---- the interface itself ----


def test_replaced_under_the_same_name(worker: Worker) -> None:
    """Deleted and made anew, as tools that configure networks do; the MTU is another then."""
    daemon = worker.start_daemon()
    wait_both(worker)
    worker.batch("link del ens192")
    daemon.wait_log("^E.*interface ens192 is gone; waiting for it")
    switch = worker.netns.replace(worker.name, "switch")
    worker.run("ip", "-n", switch, "link", "add", worker.name, "mtu", "1400", "type", "veth",
               "peer", "name", "ens192", "netns", worker.netns)  # fmt: skip
    worker.run("ip", "-n", switch, "link", "set", worker.name, "master", "br0", "up")
    worker.batch("link set ens192 mtu 1400 up", *ADDRESSES)
    wait_both(worker)
    worker.wait_mtu(1400)
    daemon.wait_log(r"^W.*interface to the other nodes is ens192 \(index \d+\) now; it was ens192")


def uplink_on(kind: str) -> list[str]:
    """Commands that move the addresses from ens192 to a bridge or macvlan upon it."""
    make = {
        "bridge": ["link add up0 type bridge", "link set ens192 master up0"],
        "macvlan": ["link add up0 link ens192 type macvlan mode bridge"],
    }
    moved = [command.replace("ens192", "up0") for command in ADDRESSES]
    return [
        "address flush dev ens192", *make[kind], "link set up0 up", *moved,
        "route add default via 192.168.2.254 dev up0 proto static metric 100",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["bridge", "macvlan"])
def test_bridge_or_macvlan_as_uplink(worker: Worker, kind: str) -> None:
    worker.batch(*uplink_on(kind))
    daemon = worker.start_daemon()
    daemon.wait_log("Using interface with name up0 and address 192.168.2.44")
    wait_over(worker, "up0")
    worker.batch("link set up0 down", "link set up0 up")
    wait_over(worker, "up0")
    worker.batch("link set ens192 down", "link set ens192 up")  # what it stands upon
    wait_over(worker, "up0")


# ---- the default route ----


def test_default_route_moved(worker: Worker) -> None:
    """The choice stays, and it is said once."""
    add_second_uplink(worker, "172.16.0.1/24")
    daemon = worker.start_daemon()
    wait_both(worker)
    monitor = worker.monitor_routes()
    moved = "^W.*the default route leads through ens224 now; ens192.* stays the interface"
    worker.batch("route add default via 172.16.0.254 dev ens224 metric 50")
    daemon.wait_log(moved)
    worker.batch("link set ens224 mtu 1300", "link set ens192 mtu 1400")
    worker.wait_mtu(1400)
    wait_over(worker, "ens192")
    assert lines(daemon, moved) == 1
    assert pod_events(monitor.events()) == []


def test_default_route_moved_is_no_news_with_a_flag(worker: Worker) -> None:
    add_second_uplink(worker, "172.16.0.1/24")
    daemon = worker.start_daemon("--iface=ens192")
    wait_both(worker)
    worker.batch("route add default via 172.16.0.254 dev ens224 metric 50")
    worker.batch("link set ens192 mtu 1400")
    worker.wait_mtu(1400)
    assert "default route leads" not in daemon.log()


def test_default_route_of_several_next_hops(worker: Worker) -> None:
    """The first one's interface is taken."""
    add_second_uplink(worker, "172.16.0.1/24")
    worker.batch(
        "route del default",
        "route add default nexthop via 192.168.2.254 dev ens192"
        " nexthop via 172.16.0.254 dev ens224",
    )
    worker.start_daemon().wait_log("Using interface with name ens192 and address 192.168.2.44")
    wait_over(worker, "ens192")


def test_ipv6_default_route_of_several_next_hops(worker: Worker) -> None:
    worker.net_conf.write_text(V6_CONF, encoding="ascii")
    hops = " ".join(f"nexthop via fd00:2::{host} dev ens192" for host in ("fd", "fe"))
    worker.run("ip", "-6", "route", "add", "default", *hops.split())
    worker.start_daemon().wait_log("Using interface with name ens192 and address fd00:2::44")
    wait_v6(worker)


def test_interface_gone_for_good(worker: Worker) -> None:
    """Another takes its place only after a while, and only until it is back."""
    add_second_uplink(worker, "192.168.2.144/24", "fd00:2::144/64")
    worker.batch("route add default via 192.168.2.254 dev ens224 metric 200")
    daemon = worker.start_daemon()
    wait_over(worker, "ens192")
    worker.batch("link set ens192 down", "link set ens192 name old0", "link del old0")
    daemon.wait_log("^E.*interface (ens192|old0) is gone; waiting for it")
    assert devices(worker) == set()
    wait = r"^W.*interface to the other nodes is ens224 \(index \d+\) now; it was"
    daemon.wait_log(wait, seconds=30)
    wait_over(worker, "ens224")
    name = re.search("interface (ens192|old0) is gone", daemon.log())
    assert name
    worker.batch(f"link add {name[1]} type veth peer name else0", f"link set {name[1]} up")
    worker.batch(*(command.replace("ens192", name[1]) for command in ADDRESSES))
    wait_over(worker, name[1])
    assert lines(daemon, wait) == 1
