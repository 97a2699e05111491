# SPDX-License-Identifier: GPL-2.0-or-later
"""The route engine on one dual-stack host: its nodes, its kernel, and what happened there."""

import re
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Iterable, Iterator

from dual_stack import DUAL_CONF
from lab import Lab, Worker
from process import Process, RouteMonitor
from waiting import poll, poll_equal

OBJECTS = ("never", "always")  # --nexthop-objects
IP_FAMILIES = ("-4", "-6")
OBJECT_IDS = range(0x48000000, 0x49000000)
KERNEL, BOOT, STATIC = "2", "3", "4"  # RTPROT_*, as `ip -N` prints them
LOCAL = "255"  # RT_TABLE_LOCAL


@dataclass(frozen=True)
class Peer:
    """A node as the nodes file has it: of the families, some or all."""

    name: str
    pod_cidrs: tuple[str, ...]
    addresses: tuple[str, ...]

    def yaml(self) -> str:
        cidrs = ", ".join(f'"{cidr}"' for cidr in self.pod_cidrs)
        addresses = ", ".join(f'"{address}"' for address in self.addresses)
        return f"- {{name: {self.name}, podCIDRs: [{cidrs}], addresses: [{addresses}]}}\n"


def peer(number: int, host: int | None = None) -> Peer:
    """Node `number` of a dual-stack cluster, at this host number of the uplink's subnets."""
    host = host or 50 + number
    return Peer(
        f"node{number}",
        (f"10.1.{number}.0/24", f"fd00:1:{number:x}::/64"),
        (f"192.168.2.{host}", f"fd00:2::{host}"),
    )


OWN = Peer("kubworker1", ("10.1.0.0/24", "fd00:1::/64"), ("192.168.2.44", "fd00:2::44"))
PEERS = (peer(1), peer(2), peer(3))
PROBE = peer(250, 240)


@dataclass(frozen=True)
class Change:
    """A line of `ip monitor`."""

    when: float  # seconds
    text: str

    @property
    def deleted(self) -> bool:
        return self.text.startswith("Deleted ")


def target(route: dict[str, Any]) -> str:
    """The gateway, or else the type, of a route that `ip` printed."""
    return route.get("gateway", route.get("type", ""))


class Engine:
    """The first worker of a lab, with an address of each family."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.worker: Worker = lab.workers[0]
        self.daemon: Process
        self.worker.batch("address add fd00:2::44/64 dev ens192 nodad")
        self.worker.net_conf.write_text(DUAL_CONF, encoding="ascii")

    def write(self, peers: Iterable[Peer], own: Peer = OWN) -> None:
        self.lab.write_nodes_file("".join(node.yaml() for node in (own, *peers)))

    def start(self, *arguments: str) -> Process:
        self.daemon = self.worker.start_daemon("--ip-masq=false", *arguments)
        return self.daemon

    def run(self, *arguments: str) -> None:
        """Starts it with PEERS, until their routes stand."""
        self.write(PEERS)
        self.start(*arguments)
        self.wait(PEERS)

    def wait(self, peers: Iterable[Peer]) -> None:
        """Until our routes are those to these peers, and no more."""
        wanted = {c: a for node in peers for c, a in zip(node.pod_cidrs, node.addresses)}
        poll_equal(self.ours, wanted, "routes of the peers")

    def settle(self, peers: Iterable[Peer] = PEERS) -> None:
        """One more node comes. Once its route stands, whatever happened before has been seen."""
        self.write((*peers, PROBE))
        self.wait((*peers, PROBE))

    def wait_calm(self) -> None:
        """Until duplicate address detection is over: at its end the daemon reads everything anew,
        and would find by that what it has to find by itself."""
        tentative = lambda: self.worker.ip_json("address", "show", "tentative")
        poll(lambda: not any(tentative()), "no address is tentative")

    def monitor(self) -> RouteMonitor:
        """Routes of both families and nexthop objects, with times."""
        return self.worker.monitor_routes("-ts", "monitor", "route", "nexthop")

    def routes(self) -> list[dict[str, Any]]:
        """Of both families and all tables, without those that the kernel makes by itself."""
        found = self.worker.ip_json("route", "show", "table", "all")
        for route in found:
            route.setdefault("protocol", BOOT)  # which `ip` leaves out
        return [r for r in found if r["protocol"] != KERNEL and r.get("table") != LOCAL]

    def ours(self, protocol: str = "72") -> dict[str, str]:
        """Gateway, or else the type, by destination."""
        found = [route for route in self.routes() if route["protocol"] == protocol]
        behind = {}
        if any("nhid" in route for route in found):
            behind = {o["id"]: o.get("gateway", "") for o in self.worker.ip_json("nexthop", "show")}
        return {r["dst"]: behind.get(r.get("nhid")) or target(r) for r in found}

    def objects(self) -> dict[int, str]:
        """Gateways of our nexthop objects by number."""
        found = self.worker.ip_json("nexthop", "show")
        return {
            o["id"]: o.get("gateway", "")
            for o in found
            if o["id"] in OBJECT_IDS and o.get("protocol") == "72"
        }

    def object_to(self, gateway: str) -> int:
        return next(number for number, via in self.objects().items() if via == gateway)

    def ip(self, *commands: str) -> None:
        self.worker.batch(*commands)


@contextmanager
def engine_lab() -> Iterator[Engine]:
    with Lab(workers=1) as lab:
        yield Engine(lab)


def changes(monitor: RouteMonitor) -> list[Change]:
    """What happened so far. The kernel's own routes are left out."""
    found = []
    lines = "\n".join(monitor.events())
    for stamp, text in re.findall(r"^\[(\S+)\] (.*(?:\n[^\[].*)*)", lines, re.MULTILINE):
        if " proto 2 " not in text + " ":
            found.append(Change(datetime.fromisoformat(stamp).timestamp(), text))
    return found


def texts(monitor: RouteMonitor) -> list[str]:
    """The changes without what is the same in all of them."""
    return [re.sub(r" dev ens192.*", "", change.text) for change in changes(monitor)]
