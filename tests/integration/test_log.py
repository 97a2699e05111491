# SPDX-License-Identifier: GPL-2.0-or-later
"""The log: formats, how much of it there is, and the words for a large cluster."""

import json
import re

import pytest

import nodes_file
from lab import Lab, Node, Worker

ROUND = r"rounds\.c:\d+\] A round took [\d.]+ ms"
MANY = 200


@pytest.fixture
def worker(lab: Lab) -> Worker:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    return lab.workers[0]


def test_verbosity(worker: Worker) -> None:
    """By -v for all files, by --vmodule for single ones, which wins."""
    daemon = worker.start_daemon("--vmodule=rounds=2,node_*=0", "-v=3")
    daemon.wait_log(ROUND)
    assert "Told of node" not in daemon.log()
    assert daemon.stop() == 0
    daemon = worker.start_daemon("--v=3", "--vmodule=rounds=1")
    daemon.wait_log("node_source.c.* Told of node kubworker2")
    daemon.wait_log("Running backend")
    assert not re.search(ROUND, daemon.log())


def test_vmodule_mistaken(worker: Worker) -> None:
    daemon = worker.start_daemon("--vmodule=rounds")
    assert daemon.wait_exit() == 2
    assert "--vmodule=rounds: expected pattern=N" in daemon.log()


def test_first_sync_is_a_summary(lab: Lab, worker: Worker) -> None:
    """One line for a batch of more than 64; each of them for who wants them."""
    more = [Node(f"n{i}", f"192.168.2.{i}", f"10.1.{i}.0/24") for i in range(50, 50 + MANY)]
    lab.write_nodes_file(nodes_file.short_yaml([*lab.nodes, *more]))
    daemon = worker.start_daemon()
    daemon.wait_log(f"Subnets added: {MANY + 4}, changed: 0, removed: 0")
    daemon.wait_log("Running backend")
    assert len(daemon.log().splitlines()) < 40
    assert daemon.stop() == 0
    worker.batch("route flush proto 72")
    daemon = worker.start_daemon("--vmodule=announce=1")
    daemon.wait_log(f"Subnets added: {MANY + 4}, changed: 0, removed: 0")
    assert daemon.log().count("Subnet added: ") == MANY + 4


def test_formats(worker: Worker) -> None:
    """Each line of each format is one that its readers take."""
    daemon = worker.start_daemon("--log-format=json")
    daemon.wait_log("Running backend")
    for line in daemon.log().splitlines():
        assert set(json.loads(line)) == {"ts", "level", "caller", "msg"}
    assert daemon.stop() == 0
    daemon = worker.start_daemon("--log-format=journal")
    daemon.wait_log("Running backend")
    assert all(re.match(r"<[2346]>\S", line) for line in daemon.log().splitlines())
    assert daemon.stop() == 0
    daemon = worker.start_daemon()
    daemon.wait_log("Running backend")
    klog = r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ \w+\.c:\d+\] "
    assert all(re.match(klog, line) for line in daemon.log().splitlines())
