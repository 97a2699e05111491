# SPDX-License-Identifier: GPL-2.0-or-later
"""4,750 nodes, and pods that come and go on this one: their links are none of the daemon's business.
The figures are printed, beside those of rounds that are."""

from pathlib import Path
from typing import Generator

import pytest

from lab import Lab, Node, Worker
from nodes_file import short_yaml
from process import Process
from waiting import poll_equal

PEERS = 4750
PODS = 50
REPAIRS = 20


def peers() -> list[Node]:
    found = []
    for index in range(PEERS):
        high, low = divmod(index, 250)
        found.append(Node(f"n{index}", f"172.20.{high}.{low + 1}", f"10.{high + 2}.{low}.0/24"))
    return found


def cpu_ms(process: Process) -> float:
    """Spent by the process up to now (proc(5), schedstat: nanoseconds)."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e6


@pytest.fixture(scope="module")
def lab() -> Generator[Lab, None, None]:
    with Lab(workers=1) as made:
        worker = made.workers[0]
        worker.net_conf.write_text(
            '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
        )
        worker.batch("address add 172.20.255.1/16 dev ens192")
        worker.add_pod()
        made.write_nodes_file(short_yaml([worker.node, *peers()]))
        yield made


@pytest.fixture(scope="module")
def daemon(lab: Lab) -> Process:
    made = lab.workers[0].start_daemon()
    wait_routes(lab.workers[0])
    made.wait_log("Watching for new subnet leases")
    return made


def wait_routes(worker: Worker) -> None:
    poll_equal(lambda: len(worker.routes()), PEERS, "number of routes", 60)


def repair_some(worker: Worker) -> None:
    """Each makes a round, and is over when that is."""
    for peer in peers()[:REPAIRS]:
        worker.batch(f"route del {peer.pod_cidr} proto 72")
        poll_equal(
            lambda: bool(worker.ip_json("route", "show", peer.pod_cidr, "proto", "72")), True, "repair"
        )


def come_and_go(worker: Worker, number: int) -> None:
    """What the bridge plugin does for a pod."""
    worker.batch(
        f"link add p{number} type veth peer name q{number}",
        f"link set p{number} master cni0 up",
        f"link set q{number} up",
    )
    worker.batch(f"link del p{number}")


def test_pods_cost_no_rounds(lab: Lab, daemon: Process) -> None:
    worker = lab.workers[0]
    before = cpu_ms(daemon)
    repair_some(worker)
    a_round = (cpu_ms(daemon) - before) / REPAIRS
    before = cpu_ms(daemon)
    for number in range(PODS):
        come_and_go(worker, number)
    repair_some(worker)  # whatever the pods caused is over, too
    pods = cpu_ms(daemon) - before - REPAIRS * a_round
    print(f"{PEERS} nodes: a round for a repair {a_round:.2f} ms of CPU; {PODS} pods' comings and "
          f"goings {pods:.1f} ms, {pods / PODS / a_round:.2f} rounds a pod")  # fmt: skip
    assert pods < PODS * a_round / 2


def test_an_address_of_another_link_counts(lab: Lab, daemon: Process) -> None:
    """What a pod CIDR may not cover is all of this host's addresses, whatever link has them."""
    worker, peer = lab.workers[0], peers()[3]
    mine = peer.pod_cidr.replace(".0/24", ".7/32")
    worker.batch("link add other type veth peer name rehto", "link set other up")
    worker.batch(f"address add {mine} dev other")
    poll_equal(lambda: peer.pod_cidr in worker.routes(), False, "the route is taken back")
    worker.batch("link del other")
    poll_equal(lambda: worker.routes().get(peer.pod_cidr), peer.address, "the route is back")
    wait_routes(worker)
    assert daemon.running
