# SPDX-License-Identifier: GPL-2.0-or-later
"""What flows through a node never notices that the daemon stops, crashes or is replaced, and what
began while another program had flushed the rules is masqueraded once they are back."""

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generator, Iterator

import pytest

from lab import INTERNET, NETWORK, Lab, Worker, hostgwd
from nodes_file import short_yaml
from process import Process
from traffic import Traffic, converse, echo, sniff, wait_new_flow
from waiting import poll

RESTARTS, CRASHES, FLUSHES = 20, 5, 10
MASQUERADED = 1.0  # seconds until a flow that began in a flush has an answer
READY = "Watching for new subnet leases"


@pytest.fixture
def two() -> Generator[Lab, None, None]:
    """Two workers with pods, and somebody outside who answers."""
    with Lab(workers=2) as lab:
        lab.add_pods()
        lab.write_nodes_file(short_yaml(lab.nodes))
        echo(lab.outside, INTERNET)
        yield lab


class Service:
    """hostgwd as a service manager runs it: a file that packages replace, one process of it."""

    def __init__(self, worker: Worker):
        self._worker = worker
        self._file = worker.folder / "hostgwd"
        self.install(hostgwd())

    def install(self, built: str) -> None:
        """By rename, as dpkg does it: the old one goes on running."""
        new = self._file.with_name("hostgwd.dpkg-new")
        shutil.copy(built, new)
        new.rename(self._file)

    def start(self) -> None:
        command = [str(self._file), *self._worker.start_command()[1:]]
        self.process: Process = self._worker.start(*command, name="hostgwd")
        self.process.wait_log(READY, 30)

    def executable(self) -> str:
        return os.readlink(f"/proc/{self.process.pid}/exe")


def wait_rules(worker: Worker) -> None:
    """Until the table masquerades; the flush may have been a moment ago."""
    listed = ("nft", "list", "chain", "inet", "hostgw", "postrouting")
    poll(lambda: "masquerade" in worker.run(*listed, check=False).stdout, "the table is back", 30)


@contextmanager
def undisturbed(lab: Lab) -> Iterator[None]:
    """Long flows out of the cluster and across nodes, in which nothing may be missing."""
    first, second = lab.workers
    assert first.pod and second.pod
    across = second.node.pod_address(10)
    tap = sniff(lab.outside, "ens192", NETWORK)
    flows = [
        converse(first.pod, "udp", INTERNET, 2),
        converse(first.pod, "tcp", INTERNET, 2),
        converse(first.pod, "icmp", across, 10),
        converse(second.pod, "icmp", first.node.pod_address(10), 10),
    ]
    yield
    reports = {flow.name: flow.report() for flow in flows}
    seen = tap.report()
    for name, report in reports.items():
        print(f"{name}: {report['sent']} sent, {report['lost']} lost, "
              f"slowest answer after {report['slowest'] * 1000:.0f} ms")  # fmt: skip
    print(f"outside: {seen['packets']} packets, {seen['leaks']} of them not masqueraded")
    for name, report in reports.items():
        assert not report["error"], f"{name}: broken: {report['error']}"
        assert report["lost"] == 0, f"{name}: {report}"
        assert report["sent"] >= RESTARTS + CRASHES, f"{name}: hardly anything was sent"
    assert seen["dropped"] == 0, "the sniffer was too slow: nothing is proven"
    assert seen["packets"] >= reports[flows[0].name]["sent"], seen
    assert seen["leaks"] == 0, seen


def test_restarts_crashes_and_upgrade(two: Lab) -> None:
    first, second = two.workers
    assert first.pod
    service = Service(first)
    service.start()
    second.start_daemon().wait_log(READY)
    for worker in two.workers:
        worker.wait_routes(two.nodes)
    wait_new_flow(first.pod, INTERNET)

    with undisturbed(two):
        for _ in range(RESTARTS):
            assert service.process.stop() == 0
            service.start()
        for _ in range(CRASHES):
            service.process.kill()
            service.start()
        before = service.executable()
        service.install(os.environ["HOSTGWD_OTHER_BUILD"])
        assert service.executable() == f"{before} (deleted)"
        assert service.process.stop() == 0
        service.start()
        assert service.executable() == before
        wait_rules(first)


FLUSH = "flush ruleset\n"
# With its own use of conntrack, so that entries go on being made while our rules are away: where
# nobody uses it there are none, and nothing lasts.
FLUSH_AND_LOAD = FLUSH + """
table inet filter {
    chain forward {
        type filter hook forward priority filter; policy accept;
        ct state established,related counter accept
    }
}
"""


def flush(worker: Worker, ruleset: str, file: Path) -> None:
    file.write_text(ruleset, encoding="ascii")
    worker.run("nft", "-f", str(file))


@pytest.mark.parametrize("ruleset", [FLUSH, FLUSH_AND_LOAD], ids=["flushed", "flushed-and-loaded"])
def test_flows_begun_in_a_flush(two: Lab, ruleset: str) -> None:
    first = two.workers[0]
    assert first.pod
    first.start_daemon().wait_log(READY)
    wait_new_flow(first.pod, INTERNET)
    tap = sniff(two.outside, "ens192", NETWORK)
    flows: Traffic = converse(first.pod, "flows", INTERNET, 2)
    for _ in range(FLUSHES):
        flush(first, ruleset, first.folder / "flush.nft")
        wait_rules(first)
        wait_new_flow(first.pod, INTERNET)
    report: dict[str, Any] = flows.report()
    leaks = tap.report()["leaks"]
    print(f"{report['sent']} flows, {leaks} packets unmasqueraded during {FLUSHES} flushes, slowest "
          f"flow masqueraded after {report['slowest'] * 1000:.0f} ms")  # fmt: skip
    assert leaks > 0, "no flow began in a flush: nothing is proven"
    assert report["lost"] == 0, f"never masqueraded: {report['lost']} of {report['sent']} flows"
    assert report["slowest"] < MASQUERADED, report
