#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic with sequence numbers, to be run inside a namespace.

    traffic_tool.py echo ADDRESS PORT
    traffic_tool.py udp|tcp|icmp|flows ADDRESS PORT INTERVAL-MS DRAIN-SECONDS
    traffic_tool.py sniff INTERFACE NETWORK

udp, tcp and icmp are one flow that lasts; flows is a new UDP flow for each probe. At SIGTERM nothing
new is sent, what is still on its way may arrive for DRAIN-SECONDS (late is not lost), and the last
line of output is a report in JSON. Times are those of CLOCK_MONOTONIC, which all processes share.
"""

import ipaddress
import json
import os
import resource
import select
import signal
import socket
import struct
import sys
import time
from typing import Any, Iterator

SO_RCVBUFFORCE = 33  # asm-generic/socket.h
SOL_PACKET, PACKET_STATISTICS = 263, 6  # linux/if_packet.h
ETH_P_IP = 0x0800
BUFFER = 32 << 20  # seconds of traffic, should this machine be busy elsewhere
RESEND = 0.02  # of a new flow that has no answer yet
RECORD = struct.Struct("!Q")
PORTS = range(20000, 60000)  # of new flows: none is used again while conntrack remembers it

stopping = False


def stop(*_: object) -> None:
    global stopping
    stopping = True


def roomy(made: socket.socket) -> socket.socket:
    made.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
    return made


class Line:
    """Something that sends probes by number and receives the numbers of those answered."""

    def __init__(self, poller: select.poll):
        self.poller = poller

    def send(self, number: int) -> None:
        raise NotImplementedError

    def receive(self, descriptor: int) -> Iterator[int]:
        raise NotImplementedError

    def resend(self, now: float) -> None:
        """What has to be said again."""


class Udp(Line):
    def __init__(self, poller: select.poll, address: str, port: int):
        super().__init__(poller)
        self._socket = roomy(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.connect((address, port))
        self._socket.setblocking(False)
        poller.register(self._socket, select.POLLIN)

    def send(self, number: int) -> None:
        try:
            self._socket.send(RECORD.pack(number))
        except OSError:
            pass  # the kernel tells of an ICMP error thus, once; the answer to it will be missing

    def receive(self, descriptor: int) -> Iterator[int]:
        try:
            while True:
                yield RECORD.unpack(self._socket.recv(64))[0]
        except OSError:
            return


class Icmp(Line):
    def __init__(self, poller: select.poll, address: str, _: int):
        super().__init__(poller)
        self._socket = roomy(socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP))
        self._socket.connect((address, 0))
        self._socket.setblocking(False)
        self._id = os.getpid() & 0xFFFF
        poller.register(self._socket, select.POLLIN)

    def send(self, number: int) -> None:
        head = struct.pack("!BBHHH", 8, 0, 0, self._id, number & 0xFFFF) + RECORD.pack(number)
        total = sum(struct.unpack(f"!{len(head) // 2}H", head))
        total = (total & 0xFFFF) + (total >> 16)
        checksum = ~(total + (total >> 16)) & 0xFFFF
        try:
            self._socket.send(head[:2] + struct.pack("!H", checksum) + head[4:])
        except OSError:
            pass  # as above

    def receive(self, descriptor: int) -> Iterator[int]:
        try:
            while True:
                packet = self._socket.recv(128)[20:]  # behind an IPv4 header without options
                if packet[0] == 0 and struct.unpack("!H", packet[4:6])[0] == self._id:
                    yield RECORD.unpack(packet[8:16])[0]
        except OSError:
            return


class Tcp(Line):
    """An error on it, or another byte than was sent, ends the program with that."""

    def __init__(self, poller: select.poll, address: str, port: int):
        super().__init__(poller)
        self._socket = socket.create_connection((address, port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._unsent = self._received = b""
        self._expected = 0
        poller.register(self._socket, select.POLLIN)

    def send(self, number: int) -> None:
        self._unsent += RECORD.pack(number)
        try:
            self._unsent = self._unsent[self._socket.send(self._unsent) :]
        except BlockingIOError:
            pass  # the window is full; with the next one

    def receive(self, descriptor: int) -> Iterator[int]:
        new = self._socket.recv(65536)
        if not new:
            raise ConnectionError("the other end closed")
        self._received += new
        while len(self._received) >= RECORD.size:
            number = RECORD.unpack(self._received[: RECORD.size])[0]
            self._received = self._received[RECORD.size :]
            if number != self._expected:
                raise ConnectionError(f"record {number} came where {self._expected} was due")
            self._expected += 1
            yield number


class Flows(Line):
    """A UDP flow for each probe, said again until it is answered: one that keeps the wrong address
    for life never is."""

    def __init__(self, poller: select.poll, address: str, port: int):
        super().__init__(poller)
        self._peer = (address, port)
        self._open: dict[int, tuple[int, socket.socket]] = {}
        self._again: dict[int, float] = {}
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))

    def send(self, number: int) -> None:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setblocking(False)
        made.bind(("", PORTS[number % len(PORTS)]))
        made.connect(self._peer)
        self._open[made.fileno()] = (number, made)
        self._again[made.fileno()] = time.monotonic() + RESEND
        self.poller.register(made, select.POLLIN)
        self._say(number, made)

    @staticmethod
    def _say(number: int, through: socket.socket) -> None:
        try:
            through.send(RECORD.pack(number))
        except OSError:
            pass  # as above

    def resend(self, now: float) -> None:
        for descriptor, when in self._again.items():
            if when <= now:
                self._say(*self._open[descriptor])
                self._again[descriptor] = now + RESEND

    def receive(self, descriptor: int) -> Iterator[int]:
        number, made = self._open[descriptor]
        try:
            made.recv(64)
        except OSError:
            return
        self.poller.unregister(made)
        made.close()
        del self._open[descriptor], self._again[descriptor]
        yield number


class Once(Flows):
    """A UDP flow for each probe, of one packet: shows when new flows do not get through."""

    def resend(self, now: float) -> None:
        pass


class Tally:
    """When each probe was sent and answered."""

    def __init__(self) -> None:
        self.sent: list[float] = []
        self.answered: list[float | None] = []
        self.open = 0

    def add(self, now: float) -> None:
        self.sent.append(now)
        self.answered.append(None)
        self.open += 1

    def answer(self, number: int, now: float) -> None:
        if self.answered[number] is None:
            self.answered[number] = now
            self.open -= 1

    def gaps(self) -> list[tuple[float, float]]:
        """(when, seconds): from a probe that was lost to the next one that was not. In units of
        what was sent, so that neither a late answer nor a late sender looks like a gap."""
        found: list[tuple[float, float]] = []
        begun: float | None = None
        for sent, answered in zip(self.sent, self.answered):
            if answered is None:
                begun = sent if begun is None else begun
            elif begun is not None:
                found.append((begun, sent - begun))
                begun = None
        if begun is not None:
            found.append((begun, self.sent[-1] - begun))
        return found

    def report(self, error: str) -> dict[str, Any]:
        slow = ((a - s, s) for s, a in zip(self.sent, self.answered) if a is not None)
        latency, when = max(slow, default=(0.0, 0.0))
        return {
            "sent": len(self.sent), "lost": self.open, "error": error, "gaps": self.gaps(),
            "slowest": latency, "slowest_at": when,
        }  # fmt: skip


def collect(line: Line, poller: select.poll, tally: Tally, seconds: float) -> None:
    for descriptor, _ in poller.poll(max(0.0, seconds) * 1000):
        for number in line.receive(descriptor):
            tally.answer(number, time.monotonic())


def converse(kind: str, address: str, port: int, interval: float, drain: float) -> None:
    poller, tally, error = select.poll(), Tally(), ""
    kinds = {"udp": Udp, "tcp": Tcp, "icmp": Icmp, "flows": Flows, "once": Once}
    line = kinds[kind](poller, address, port)
    print("ready", flush=True)
    due = time.monotonic()
    try:
        while not stopping:
            collect(line, poller, tally, due - time.monotonic())
            now = time.monotonic()
            if now >= due:
                tally.add(now)
                line.send(len(tally.sent) - 1)
                due = max(due + interval, now)  # what this machine delayed is not made up for
            line.resend(now)
        deadline = time.monotonic() + drain
        while tally.open and time.monotonic() < deadline:
            collect(line, poller, tally, RESEND)
            line.resend(time.monotonic())
    except OSError as failure:
        error = str(failure)
    print(json.dumps(tally.report(error)), flush=True)


def echo(address: str, port: int) -> None:
    datagrams = roomy(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    datagrams.bind((address, port))
    listener = socket.create_server((address, port))
    streams: dict[int, socket.socket] = {}
    poller = select.poll()
    for waiting in (datagrams, listener):
        waiting.setblocking(False)
        poller.register(waiting, select.POLLIN)
    print("ready", flush=True)
    while not stopping:
        for descriptor, _ in poller.poll(1000):
            try:
                if descriptor == datagrams.fileno():
                    datagrams.sendto(*datagrams.recvfrom(64))
                elif descriptor == listener.fileno():
                    stream = listener.accept()[0]
                    streams[stream.fileno()] = stream
                    poller.register(stream, select.POLLIN)
                elif data := streams[descriptor].recv(65536):
                    streams[descriptor].sendall(data)
                else:
                    poller.unregister(descriptor)
            except OSError:
                pass  # an answer that has nowhere to go: its probe counts as lost


def sniff(interface: str, network: str) -> None:
    inside, leaks, total = ipaddress.ip_network(network), 0, 0
    low, high = int(inside[0]), int(inside[-1])
    tap = roomy(socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP)))
    tap.bind((interface, ETH_P_IP))
    tap.settimeout(0.2)
    print("ready", flush=True)
    quiet = False
    first = ""
    while not stopping or not quiet:
        try:
            packet, origin = tap.recvfrom(64)
        except TimeoutError:
            quiet = True
            continue
        if origin[2] != 0:  # PACKET_HOST: to this host, not what a switch floods
            continue
        total += 1
        if low <= int.from_bytes(packet[12:16], "big") <= high:
            leaks += 1
            first = first or packet.hex()
    dropped = struct.unpack("II", tap.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1]
    report = {"packets": total, "leaks": leaks, "dropped": dropped, "first": first}
    print(json.dumps(report), flush=True)


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    kind, address, *rest = sys.argv[1:]
    if kind == "echo":
        echo(address, int(rest[0]))
    elif kind == "sniff":
        sniff(address, rest[0])
    else:
        converse(kind, address, int(rest[0]), float(rest[1]) / 1000, float(rest[2]))


main()
