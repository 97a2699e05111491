# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic through a lab, and what became of it (traffic_tool.py)."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

from namespace import Namespace
from process import Process
from waiting import poll

TOOL = Path(__file__).with_name("traffic_tool.py")
PORT = 7777
DRAIN = 10.0  # seconds for what is late; only a run that lost something uses it up


class Traffic:
    """One running tool."""

    def __init__(self, where: Namespace, *arguments: str, name: str):
        self._process: Process = where.start(sys.executable, str(TOOL), *arguments, name=name)
        self._process.wait_log("^ready$")
        self.name = f"{name} from {where.name}"

    def stop(self) -> None:
        """One that has nothing to report."""
        self._process.stop()

    def report(self) -> dict[str, Any]:
        """Ends it."""
        code = self._process.stop(DRAIN + 20)
        assert code == 0, self._process.log()
        return json.loads(self._process.log().splitlines()[-1])


def echo(where: Namespace, address: str) -> Traffic:
    """Answers UDP and TCP."""
    return Traffic(where, "echo", address, str(PORT), name="echo")


def sniff(where: Namespace, interface: str, network: str) -> Traffic:
    """Counts what arrives there from this network."""
    return Traffic(where, "sniff", interface, network, name="sniff")


def converse(
    where: Namespace, kind: str, address: str, interval_ms: float, drain: float = DRAIN
) -> Traffic:
    """udp, tcp, icmp: one flow; flows: new ones, each said again until answered; once: new ones."""
    return Traffic(
        where, kind, address, str(PORT), str(interval_ms), str(drain), name=f"{kind}-{address}"
    )


def new_flow_answered(where: Namespace, address: str, seconds: float = 0.2) -> bool:
    """One UDP packet from a new port."""

    def ask() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            asked.settimeout(seconds)
            asked.connect((address, PORT))
            try:
                asked.send(bytes(8))
                return asked.recv(64) == bytes(8)
            except OSError:
                return False

    return where.inside(ask)


def wait_new_flow(where: Namespace, address: str) -> None:
    """Until a new flow gets an answer."""
    what = f"an answer to {where.name} from {address}"
    poll(lambda: new_flow_answered(where, address), what, 20)
