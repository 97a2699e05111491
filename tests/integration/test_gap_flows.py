# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows that begin while no rule of ours stands. Without the daemon's care they would keep their
pod's address for life, as conntrack asks NAT rules about a flow's first packet alone."""

import os
import signal
import socket
import time
from typing import Callable, Generator

import pytest

from matrix_lab import ADDRESSES, FAMILIES, PORTS, SENDERS, MatrixLab, matrix_lab
from process import Process
from waiting import poll


@pytest.fixture
def matrix() -> Generator[MatrixLab, None, None]:
    with matrix_lab() as made:
        yield made


class Flow:
    """A pod's, over UDP. An answer to a pod's own address would begin a flow of its own, should it
    meet the node just when the first one is forgotten; somebody outside has no way to send it."""

    def __init__(self, matrix: MatrixLab, family: int, destination: str = "outside"):
        self._index = 0 if family == socket.AF_INET else 1
        self.family = family

        def ask() -> socket.socket:
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.connect((ADDRESSES[destination][self._index], PORTS["plain"]))
            return made

        def answer() -> socket.socket:
            made = socket.socket(family, socket.SOCK_DGRAM)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((ADDRESSES[destination][self._index], PORTS["plain"]))
            return made

        self._pod = matrix.senders["own pod"].inside(ask)
        self._far = matrix.receivers[destination].inside(answer)
        for end in (self._pod, self._far):
            end.settimeout(5)

    def say(self) -> tuple[str, int]:
        """One packet; the source that the other end saw."""
        self._pod.send(b"?")
        _, (address, port, *_) = self._far.recvfrom(8)
        return address, port

    def converse(self) -> None:
        """One packet and its answer."""
        self._far.sendto(b"!", self.say())
        assert self._pod.recv(8) == b"!"

    def wait_source(self, wanted: tuple[str, str], what: str) -> float:
        """Talks on until the other end sees that source; the seconds that took."""
        began = time.monotonic()
        address = socket.inet_pton(self.family, wanted[self._index])
        poll(lambda: socket.inet_pton(self.family, self.say()[0]) == address, what)
        return time.monotonic() - began


def stop_and_start(matrix: MatrixLab, daemon: Process) -> Callable[[], object]:
    """It has returned when its rules stand."""
    daemon.stop()
    return matrix.start_daemons


def freeze_and_thaw(_: MatrixLab, daemon: Process) -> Callable[[], object]:
    os.kill(daemon.pid, signal.SIGSTOP)
    return lambda: os.kill(daemon.pid, signal.SIGCONT)


@pytest.mark.parametrize("be_away", [stop_and_start, freeze_and_thaw])
def test_flows_begun_in_a_gap(
    matrix: MatrixLab, be_away: Callable[[MatrixLab, Process], Callable[[], object]]
) -> None:
    """`nft flush ruleset` while the daemon is stopped, or busy; kube-proxy's rules come back
    first, so that conntrack follows what pods send. The flow goes on, under the node's address."""
    daemon, peer = matrix.start_daemons()
    peer.stop()
    own = matrix.senders["own host"]
    come_back = be_away(matrix, daemon)
    own.run("nft", "flush", "ruleset")
    matrix.install_proxies()
    flows = [Flow(matrix, family) for family in FAMILIES]
    within = Flow(matrix, socket.AF_INET, "peer pod")
    for flow in (*flows, within):
        flow.wait_source(SENDERS["own pod"], "a flow under the pod's own address")
    come_back()
    for flow in flows:
        took = flow.wait_source(ADDRESSES["own node"], "the flow is masqueraded")
        flow.converse()
        family = FAMILIES[flow.family]
        print(f"{family}: masqueraded {took * 1000:.0f} ms after the daemon's return")
    within.wait_source(SENDERS["own pod"], "a flow between pods keeps its address")
