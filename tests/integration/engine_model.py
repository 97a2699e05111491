# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel should hold, worked out anew from nodes and what others did: the other half of
the property test, which shares no code with the daemon."""

import ipaddress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from engine import OWN, Engine, Peer, target

NETWORKS = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00:1::/32"))
SUBNETS = (ipaddress.ip_network("192.168.2.0/24"), ipaddress.ip_network("fd00:2::/64"))
FOREIGN_OBJECT = 7


class Route(NamedTuple):
    """One of another program, over the tunnel; also what is compared of each in the kernel."""

    dst: str
    metric: int
    protocol: str
    gateway: str
    device: str = "tun0"
    number: int = 0  # of the nexthop object

    @property
    def key(self) -> tuple[str, int]:
        return self.dst, self.metric

    def words(self) -> str:
        return f"{self.dst} via {self.gateway} dev {self.device} proto {self.protocol}" \
            f" metric {self.metric}"


@dataclass
class Model:
    """The nodes as the daemon last read them, its options, and the routes of others."""

    nodes: dict[str, Peer] = field(default_factory=dict)
    objects: str = "never"
    metric: int = 0
    foreign: dict[tuple[str, int], Route] = field(default_factory=dict)
    foreign_object: bool = False

    def our_metric(self, destination: str) -> int:
        return self.metric or (1024 if ":" in destination else 0)

    def planned(self) -> dict[str, str]:
        """Gateways by destination: nodes in the order of their names, one a subnet."""
        plan: dict[str, str] = {}
        for node in sorted(self.nodes.values(), key=lambda node: node.name):
            for cidr, address in zip(node.pod_cidrs, node.addresses):
                family = int(":" in cidr)
                if (
                    cidr not in OWN.pod_cidrs
                    and ipaddress.ip_network(cidr).subnet_of(NETWORKS[family])
                    and ipaddress.ip_address(address) in SUBNETS[family]
                    and address not in OWN.addresses
                ):
                    plan.setdefault(cidr, address)
        return plan

    def ours(self) -> dict[str, str]:
        """Without those that another's route is in the way of."""
        return {
            destination: gateway
            for destination, gateway in self.planned().items()
            if (destination, self.our_metric(destination)) not in self.foreign
        }

    def state(self) -> dict[str, Any]:
        """In the form of kernel_state."""
        ours = self.ours()
        gateways = {g for d, g in self.planned().items() if ":" not in d}
        through = self.objects == "always"
        return {
            "ours": sorted(
                (d, self.our_metric(d), g, through and ":" not in d) for d, g in ours.items()
            ),
            "objects": sorted(gateways) if through else [],
            "foreign": sorted(self.foreign.values()),
            "foreign objects": [FOREIGN_OBJECT] if self.foreign_object else [],
        }


def kernel_state(engine: Engine) -> dict[str, Any]:
    objects = engine.worker.ip_json("nexthop", "show")
    behind = {o["id"]: o.get("gateway", "") for o in objects}
    routes = engine.routes()
    ours, foreign = [], []
    for route in routes:
        number, metric = route.get("nhid", 0), route.get("metric", 0)
        gateway = behind.get(number) or target(route)
        if route["protocol"] == "72":
            ours.append((route["dst"], metric, gateway, number != 0))
        else:
            device = route.get("dev", "")
            foreign.append(Route(route["dst"], metric, route["protocol"], gateway, device, number))
    return {
        "ours": sorted(ours),
        "objects": sorted(o.get("gateway", "") for o in objects if o.get("protocol") == "72"),
        "foreign": sorted(foreign),
        "foreign objects": [o["id"] for o in objects if o.get("protocol") != "72"],
    }
