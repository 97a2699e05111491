# SPDX-License-Identifier: GPL-2.0-or-later
"""Two workers with an address of each family; the first runs the daemon."""

from contextlib import contextmanager
from typing import Iterator

from lab import Lab, Worker
from waiting import poll_equal

DUAL_CONF = """{"Network": "10.1.0.0/16", "EnableIPv6": true, "IPv6Network": "fd00:1::/32",
 "Backend": {"Type": "host-gw"}}"""
V6_CONF = """{"EnableIPv4": false, "EnableIPv6": true, "IPv6Network": "fd00:1::/32",
 "Backend": {"Type": "host-gw"}}"""

DUAL_NODES = """\
- {name: kubworker1, podCIDRs: ["10.1.0.0/24", "fd00:1:0::/64"],
   addresses: [192.168.2.44, "fd00:2::44"]}
- {name: kubworker2, podCIDRs: ["10.1.4.0/24", "fd00:1:4::/64"],
   addresses: [192.168.2.45, "fd00:2::45"]}
"""
BLACKHOLE = "6"  # RTN_BLACKHOLE, as `ip -N` prints it
V4_ROUTES = {"10.1.4.0/24": "192.168.2.45"}
V6_ROUTES = {"fd00:1:4::/64": "fd00:2::45"}


def v6_routes(worker: Worker) -> dict[str, str]:
    found = worker.ip_json("-6", "route", "show", "proto", "72")
    return {route["dst"]: route.get("gateway", route.get("type", "")) for route in found}


def wait_v4(worker: Worker) -> None:
    poll_equal(worker.routes, V4_ROUTES, "IPv4 routes")


def wait_v6(worker: Worker) -> None:
    poll_equal(lambda: v6_routes(worker), V6_ROUTES, "IPv6 routes")


@contextmanager
def dual_stack_worker() -> Iterator[Worker]:
    with Lab(workers=2) as lab:
        first = lab.workers[0]
        first.batch("address add fd00:2::44/64 dev ens192 nodad")
        first.net_conf.write_text(DUAL_CONF, encoding="ascii")
        lab.write_nodes_file(DUAL_NODES)
        yield first
