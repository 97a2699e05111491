# SPDX-License-Identifier: GPL-2.0-or-later
"""Every kind of packet, with the real kernel, two real daemons and kube-proxy's rules: what source
address its receiver sees. The table of what it should be is in matrix_table.py."""

import ipaddress
import select
import socket
import struct
import time
from collections import defaultdict
from typing import Callable, Generator

import pytest

from matrix_lab import ADDRESSES, FAMILIES, GROUPS, NODE_PORTS, PORTS, SENDERS
from matrix_lab import MatrixLab, matrix_lab
from matrix_table import Case, cases
from waiting import PATIENCE

AGAIN = 0.3  # seconds until a packet that nobody saw is sent once more
NUMBER = struct.Struct("!H")

PACKETS = [(case, family) for case in cases() for family in FAMILIES]


@pytest.fixture
def matrix() -> Generator[MatrixLab, None, None]:
    with matrix_lab() as made:
        yield made


def of(addresses: tuple[str, str], family: int) -> str:
    return addresses[0 if family == socket.AF_INET else 1]


# ---- receiving ----


def receiver(case: Case) -> str:
    """Whose namespace it should come to."""
    if case.destination == "multicast":
        return "own node" if case.source == "outside" else "outside"
    return case.destination.removeprefix("NodePort, ")


def listen(family: int, port: int) -> socket.socket:
    """In the namespace that the thread is in; joins the group where there is an uplink."""
    made = socket.socket(family, socket.SOCK_DGRAM)
    names = dict((name, index) for index, name in socket.if_nameindex())
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind(("", port))
    if "ens192" not in names:
        return made
    group = socket.inet_pton(family, of(GROUPS, family))
    if family == socket.AF_INET:
        request = struct.pack("=4s4xi", group, names["ens192"])
        made.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
    else:
        request = struct.pack("=16si", group, names["ens192"])
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
    return made


class Receivers:
    """All of them, and which sources were seen with which packet where it should come to."""

    def __init__(self, matrix: MatrixLab):
        self.seen: dict[int, set[str]] = defaultdict(set)
        self._names: dict[socket.socket, str] = {}
        ends = [(family, port) for family in FAMILIES for port in PORTS.values()]
        for name, where in matrix.receivers.items():
            for made in where.inside(lambda: [listen(*end) for end in ends]):
                made.setblocking(False)
                self._names[made] = name

    def collect(self, seconds: float) -> None:
        for ready in select.select(list(self._names), [], [], seconds)[0]:
            payload, (source, *_) = ready.recvfrom(64)
            number = NUMBER.unpack(payload)[0]
            if self._names[ready] == receiver(PACKETS[number][0]):
                self.seen[number].add(source)

    def close(self) -> None:
        for each in self._names:
            each.close()


# ---- sending ----


def sender(case: Case, family: int) -> Callable[[], socket.socket]:
    """A socket that sends to where the packet is to go."""

    def make() -> socket.socket:
        made = socket.socket(family, socket.SOCK_DGRAM)
        made.bind((of(SENDERS[case.source], family), 0))
        if family == socket.AF_INET:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
        else:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 8)
        if case.destination == "multicast" and not case.source.endswith("pod"):
            index = socket.if_nametoindex("ens192")
            if family == socket.AF_INET:
                request = struct.pack("=8xi", index)
                made.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, request)
            else:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        port = NODE_PORTS.get(case.destination, PORTS)[case.mark]
        made.connect((of(ADDRESSES[case.destination], family), port))
        return made

    return make


def exchange(matrix: MatrixLab) -> dict[int, set[str]]:
    """Sends each packet, again and again until it was seen, and tells with which sources."""
    receivers = Receivers(matrix)
    senders = {
        number: matrix.senders[case.source].inside(sender(case, family))
        for number, (case, family) in enumerate(PACKETS)
    }
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and len(receivers.seen) < len(PACKETS):
        for number, through in senders.items():
            if number not in receivers.seen:
                through.send(NUMBER.pack(number))
        again = time.monotonic() + AGAIN
        while time.monotonic() < again and len(receivers.seen) < len(PACKETS):
            receivers.collect(AGAIN)
    for each in senders.values():
        each.close()
    receivers.close()
    return receivers.seen


# ---- the matrix ----


def named(address: str) -> str:
    """An address as the table has it; of several names, a sender's."""
    both = [*ADDRESSES.items(), *SENDERS.items()]
    known = {str(ipaddress.ip_address(a)): name for name, pair in both for a in pair}
    return f"{known.get(address, 'nobody known')} ({address})"


def check(matrix: MatrixLab) -> None:
    seen = exchange(matrix)
    wrong = []
    for number, (case, family) in enumerate(PACKETS):
        pair = SENDERS[case.source] if case.seen == "kept" else ADDRESSES[case.seen]
        wanted = str(ipaddress.ip_address(of(pair, family)))
        if seen[number] != {wanted}:
            sources = ", ".join(map(named, seen[number])) or "nothing"
            wrong.append(
                f"{case.source} -> {case.destination}, {case.mark}, {FAMILIES[family]}: "
                f"saw {sources}, not {named(wanted)}; clause: {case.clause}"
            )
    print(f"{len(PACKETS)} kinds of packets, {len(wrong)} with a wrong source")
    assert not wrong, "\n".join(wrong)


def test_what_receivers_see(matrix: MatrixLab) -> None:
    """Whether the kube-proxy came before the daemon or after it, and whether the rules are asked
    about what is switched between pods of one node."""
    matrix.start_daemons()
    check(matrix)
    matrix.install_proxies()
    check(matrix)
    if matrix.ask_about_bridged():
        check(matrix)
    else:
        print("br_netfilter is not loaded: what is switched was not asked about")
