# SPDX-License-Identifier: GPL-2.0-or-later
"""`hostgwd plan -o ip | ip -batch -` leaves nothing for the daemon to change."""

import re
from dataclasses import dataclass, field

import pytest

import nodes_file
from dual_stack import DUAL_CONF, DUAL_NODES
from lab import NET_CONF, NODES, Lab, Node, Worker
from plan_run import batch, monitor, plan

ALWAYS, NEVER = "--nexthop-objects=always", "--nexthop-objects=never"
V6_ADDRESS = "address add fd00:2::44/64 dev ens192 nodad"
MOVED = (*NODES[:2], Node("kubworker3", "192.168.2.99", "10.1.1.0/24"))


@dataclass
class Case:
    """`host`: commands for ip(8); then `earlier`: nodes and flags of an earlier daemon; then
    `found`: more commands."""

    name: str
    arguments: list[str] = field(default_factory=list)
    nodes: str = nodes_file.short_yaml(NODES)
    conf: str = NET_CONF
    host: list[str] = field(default_factory=list)
    earlier: tuple[str, list[str]] | None = None
    found: list[str] = field(default_factory=list)
    pattern: str = ""  # of the whole plan, where it matters


CASES = [
    Case("from-nothing"),
    Case(
        "leftovers",
        found=[
            "route add 10.1.1.0/24 via 192.168.2.46 dev ens192",  # flannel's
            "route add 10.1.2.0/24 via 192.168.2.99 dev ens192 proto 72",
            "route add 10.1.9.0/24 via 192.168.2.59 dev ens192 proto 72",
            "route add 10.1.1.0/24 via 192.168.2.46 dev ens192 proto 72 metric 50",
            "route add 10.1.1.0/24 via 192.168.2.46 dev ens192 proto 72 table 100",
            "route add 10.1.1.0/24 tos 0x10 via 192.168.2.46 dev ens192 proto 72",
            "route add unreachable 10.1.7.0/24 proto 72",
            "route add 10.1.8.0/24 dev ens192 proto 72",
        ],
    ),
    Case("table-and-metric", ["--route-table=100", "--route-metric=7", "--route-protocol=77"]),
    Case("blackhole", ["--ip-blackhole-route"]),
    Case("dual-stack", ["--ip-blackhole-route"], DUAL_NODES, DUAL_CONF, host=[V6_ADDRESS]),
    Case(
        "dual-stack-leftovers",
        nodes=DUAL_NODES,
        conf=DUAL_CONF,
        host=[V6_ADDRESS],
        earlier=(DUAL_NODES, ["--ip-blackhole-route"]),
        found=[
            "route replace fd00:1:4::/64 via fd00:2::99 dev ens192 proto 72 metric 1024",
            "route add fd00:1:9::/64 via fd00:2::99 dev ens192 proto 72",
            "route add blackhole fd00:1:8::/64 proto 72 metric 4294967295",
        ],
    ),
    Case("objects", [ALWAYS]),
    Case("onto-objects", [ALWAYS], earlier=(nodes_file.short_yaml(NODES), [NEVER])),
    Case("off-objects", [NEVER], earlier=(nodes_file.short_yaml(NODES), [ALWAYS])),
    Case(
        "objects-of-fewer-nodes",
        [ALWAYS],
        nodes_file.short_yaml(NODES[:2]),
        earlier=(nodes_file.short_yaml(NODES), [ALWAYS]),
    ),
    Case(
        "object-of-a-node-that-moved",
        [ALWAYS],
        nodes_file.short_yaml(MOVED),
        earlier=(nodes_file.short_yaml(NODES[:3]), [ALWAYS]),
        pattern=r"nexthop replace id \d+ via 192\.168\.2\.99 dev ens192 proto 72\n",
    ),
]


def run_earlier(lab: Lab, worker: Worker, nodes: str, arguments: list[str]) -> None:
    lab.write_nodes_file(nodes)
    daemon = worker.start_daemon(*arguments)
    daemon.wait_log("Running backend")
    assert daemon.stop() == 0


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_ip_made_of_it_is_right(case: Case) -> None:
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        worker.net_conf.write_text(case.conf, encoding="ascii")
        worker.batch(*case.host)
        if case.earlier:
            run_earlier(lab, worker, *case.earlier)
        worker.batch(*case.found)
        lab.write_nodes_file(case.nodes)
        lines = plan(worker, *case.arguments, "-o", "ip")
        assert re.fullmatch(case.pattern or r"(.+\n)+", lines), lines
        batch(worker, lines)
        assert plan(worker, *case.arguments, "-o", "ip") == ""
        events = monitor(worker)
        daemon = worker.start_daemon(*case.arguments)
        daemon.wait_log("Running backend")
        assert events.events() == []
        assert plan(worker, *case.arguments, "-o", "ip") == ""
