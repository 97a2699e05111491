# SPDX-License-Identifier: GPL-2.0-or-later
"""The nftables rules of a running daemon stay right, whatever others do to them, and are left alone
when they are."""

import os
import re
import select
import socket
import statistics
import struct
import time
from typing import Generator

import pytest

from lab import INTERNET, NETWORK, Lab, Worker
from namespace import Namespace
from nodes_file import short_yaml
from process import Process
from traffic import converse, echo, sniff, wait_new_flow
from waiting import PATIENCE, poll, poll_equal

READY = "Watching for new subnet leases"
TABLE = ("nft", "list", "table", "inet", "hostgw")
REPAIRED = r"^W.*table inet hostgw was changed by "


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with Lab(workers=1) as lab:
        lab.write_nodes_file(short_yaml(lab.nodes))
        yield lab.workers[0]


def start(worker: Worker, *arguments: str) -> Process:
    daemon = worker.start_daemon(*arguments)
    daemon.wait_log(READY)
    return daemon


def without_counts(text: str) -> str:
    return re.sub(r"packets \d+ bytes \d+", "packets 0 bytes 0", text)


def table(worker: Worker) -> list[str]:
    """Sorted: chains and sets are listed in the order in which they came."""
    return sorted(without_counts(worker.run(*TABLE, check=False).stdout).splitlines())


class NftMonitor:
    """`nft monitor`: proves that nothing was written, without waiting for it."""

    def __init__(self, where: Namespace):
        self._where = where
        self._process = where.start("nft", "monitor", name="nft-monitor")
        self._marks = 0
        # It says nothing at its start.
        poll(lambda: self._mark(0.05), "nft monitor listens")

    def _mark(self, seconds: float) -> bool:
        self._marks += 1
        name = f"mark{self._marks}"
        self._where.run("nft", f"add table ip {name}; delete table ip {name}")
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if f"delete table ip {name}" in self._process.log():
                return True
            time.sleep(0.005)
        return False

    def seen(self) -> list[str]:
        """All lines until now that are not its own marks'."""
        poll(lambda: self._mark(1.0), "nft monitor tells of the mark")
        return [
            line
            for line in self._process.log().splitlines()
            if not re.search(r"table ip mark\d|^# new generation", line)
        ]


# ---- left alone ----


def test_restart_writes_nothing(worker: Worker) -> None:
    daemon = start(worker, "--nonmasquerade-cidr=172.16.0.0/12")
    worker.run("ping", "-q", "-c", "3", "-i", "0.01", "-I", "lo", "127.0.0.1")
    before = worker.run("nft", "-a", "list", "ruleset").stdout
    monitor = NftMonitor(worker)
    for number in range(20):
        if number % 4 == 3:
            daemon.kill()
        else:
            daemon.stop()
        daemon = start(worker, "--nonmasquerade-cidr=172.16.0.0/12")
    assert [line for line in monitor.seen() if "hostgw" in line] == []
    # Each number of a chain, set and rule is the same, and what they counted only grew.
    assert without_counts(worker.run("nft", "-a", "list", "ruleset").stdout) == without_counts(
        before
    )


def test_counters_last(worker: Worker) -> None:
    daemon = start(worker)
    worker.batch("address add 10.1.0.9/32 dev lo")
    worker.run("ping", "-c", "1", "-W", "0.1", "-I", "10.1.0.9", INTERNET, check=False)
    counted = r'counter packets ([1-9]\d*) bytes \d+ masquerade.*"pods to the outside"'
    assert re.search(counted, worker.rules())
    daemon.stop()
    start(worker)
    assert re.search(counted, worker.rules())


def test_others_rules_cost_no_write(worker: Worker) -> None:
    start(worker)
    monitor = NftMonitor(worker)
    for number in range(50):
        worker.run("nft", f"add table ip kube; add chain ip kube c{number}")
    assert [line for line in monitor.seen() if "hostgw" in line] == []


def test_masquerade_off_removes_it(worker: Worker) -> None:
    start(worker).stop()
    assert "chain postrouting" in worker.rules()
    start(worker, "--ip-masq=false").stop()
    assert "chain postrouting" not in worker.rules()
    assert "chain forward" in worker.rules()
    start(worker, "--ip-masq=false", "--iptables-forward-rules=false")
    assert "hostgw" not in worker.rules()


# ---- put right ----

TAMPERINGS = {
    "flush ruleset": ["flush ruleset"],
    "delete table": ["delete table inet hostgw"],
    "flush table": ["flush table inet hostgw"],
    "flush chain": ["flush chain inet hostgw postrouting"],
    "delete chain": ["flush chain inet hostgw forward", "delete chain inet hostgw forward"],
    "dormant": ["add table inet hostgw { flags dormant; }"],
    "policy": ["add chain inet hostgw forward { policy drop; }"],
    "rule inserted": ["insert rule inet hostgw forward drop"],
    "element added": ["add element inet hostgw cluster4 { 8.8.8.0/24 }"],
    "element deleted": ["delete element inet hostgw cluster4 { 10.1.0.0/16 }"],
    "set flushed": ["flush set inet hostgw pods4"],
    "chain added": ["add chain inet hostgw x { type filter hook input priority 0; policy drop; }"],
    "set added": ["add set inet hostgw x { type ipv4_addr; }"],
}


@pytest.mark.parametrize("tampering", TAMPERINGS.values(), ids=TAMPERINGS)
def test_tampering_is_put_right(worker: Worker, tampering: list[str]) -> None:
    daemon = start(worker)
    wanted = table(worker)
    for command in tampering:
        worker.run("nft", command)
    daemon.wait_log(REPAIRED + r'process "nft" \(pid \d+\) and is put right: ')
    poll_equal(lambda: table(worker), wanted, f"the table after {tampering}")


def rule_handle(worker: Worker, comment: str) -> str:
    text = worker.run("nft", "-a", "list", "table", "inet", "hostgw").stdout
    found = re.search(rf'comment "{comment}" # handle (\d+)', text)
    assert found, text
    return found[1]


@pytest.mark.parametrize(
    "verb",
    [
        "delete rule inet hostgw forward handle {}",
        'replace rule inet hostgw forward handle {} ip saddr @cluster4 counter accept comment "x"',
        'replace rule inet hostgw forward handle {} ip saddr @cluster4 counter drop comment "from pods"',
    ],
)
def test_rule_is_put_right(worker: Worker, verb: str) -> None:
    daemon = start(worker)
    wanted = table(worker)
    worker.run("nft", verb.format(rule_handle(worker, "from pods")))
    daemon.wait_log(REPAIRED)
    poll_equal(lambda: table(worker), wanted, f"the table after {verb}")


def test_forward_of_iptables_is_put_right(worker: Worker) -> None:
    worker.run("iptables-nft", "-P", "FORWARD", "DROP")
    daemon = start(worker)

    def ours() -> list[str]:
        text = worker.run("iptables-nft", "-S", "FORWARD").stdout
        return [line for line in text.splitlines() if "hostgwd" in line]

    poll(lambda: len(ours()) == 2, "two rules of ours in FORWARD")
    worker.run("iptables-nft", "-F", "FORWARD")
    daemon.wait_log("^W.*FORWARD of iptables-nft was changed by process")
    poll(lambda: len(ours()) == 2, "two rules of ours in FORWARD again")
    daemon.stop()
    start(worker, "--iptables-forward-rules=false")
    assert ours() == []


def test_flannels_rules_go(worker: Worker) -> None:
    worker.run("nft", "add table ip flannel-ipv4; add chain ip flannel-ipv4 postrtg { type nat "
               "hook postrouting priority 100; }")  # fmt: skip
    daemon = start(worker)
    assert "flannel" not in worker.rules()
    daemon.wait_log("^I.*Removed the rules that flannel left")


class Generations:
    """Hears of each transaction as the daemon does, and notes when: the kernel's NFT_MSG_NEWGEN."""

    GROUP, NEW_GENERATION, SOL_NETLINK, ADD_MEMBERSHIP = 7, 10 << 8 | 15, 270, 1
    NETLINK_NETFILTER = 12

    def __init__(self, where: Namespace):
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self._socket = where.inside(
            lambda: socket.socket(socket.AF_NETLINK, kind, self.NETLINK_NETFILTER)
        )
        self._socket.bind((0, 0))
        self._socket.setsockopt(self.SOL_NETLINK, self.ADD_MEMBERSHIP, self.GROUP)

    def next(self) -> float:
        """When the next one came."""
        while True:
            select.select([self._socket], [], [], PATIENCE)
            datagram = self._socket.recv(65536)
            if struct.unpack_from("=IH", datagram)[1] == self.NEW_GENERATION:
                return time.monotonic()

    def __enter__(self) -> "Generations":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def test_flush_is_put_right_soon(worker: Worker) -> None:
    """From the transaction that flushes to the one that puts all back."""
    start(worker)
    wanted = table(worker)
    gaps = []
    with Generations(worker) as generations:
        for _ in range(20):
            flush = worker.start("nft", "flush", "ruleset", name="nft-flush")
            flushed = generations.next()
            gaps.append((generations.next() - flushed) * 1000)
            flush.wait_exit()
    poll_equal(lambda: table(worker), wanted, "the table after 20 flushes")
    print(f"nft flush ruleset, until ours are committed: worst {max(gaps):.2f}, "
          f"median {statistics.median(gaps):.2f} ms")  # fmt: skip


# ---- a fight ----

FIGHTER = "i=0; while [ $i -lt 300 ]; do nft delete table inet hostgw 2>/dev/null; i=$((i+1)); done"


def test_fight_is_told_once(worker: Worker) -> None:
    daemon = start(worker)
    wanted = table(worker)
    worker.run("sh", "-c", FIGHTER)
    poll_equal(lambda: table(worker), wanted, "the table after the fight")
    said = re.findall("^W.*fights over the nftables rules: (.*);", daemon.log(), re.MULTILINE)
    assert len(said) == 1, said
    assert re.match(r'process "nft" \(pid \d+\) keeps changing table inet hostgw', said[0])
    assert len(re.findall(REPAIRED, daemon.log(), re.MULTILINE)) < 10


# ---- nothing leaks while rules change ----

# Where tables are made anew instead of changed in place, some packets leak in this many.
CHANGES = 4000


def test_no_leak_while_rules_change() -> None:
    """A pod begins a flow to the outside each millisecond while sets come, go and change, and rules
    with them: none leaves with the pod's address."""
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        pod = worker.add_pod()
        echo(lab.outside, INTERNET)
        # New flows of a millisecond each would fill the table of connections.
        worker.run("sh", "-c", "echo 3 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout")
        changer = os.environ["MASQUERADE_CHANGER"]
        worker.run(changer, NETWORK, worker.node.pod_cidr, "1", "0")
        wait_new_flow(pod, INTERNET)
        tap = sniff(lab.outside, "ens192", NETWORK)
        flows = [converse(pod, "once", INTERNET, 0.5, 3) for _ in range(2)]
        worker.run(changer, NETWORK, worker.node.pod_cidr, str(CHANGES), "0", seconds=200)
        sent, seen = sum(f.report()["sent"] for f in flows), tap.report()
        print(f"{CHANGES} changes, {sent} flows: {seen['leaks']} packets not masqueraded")
        assert sent > 1000 and seen["packets"] > 1000, (sent, seen)
        assert (seen["leaks"], seen["dropped"]) == (0, 0), seen
