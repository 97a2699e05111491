# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic through a lab, and what became of it (traffic_tool.py)."""

import json
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


def wait_new_flow(where: Namespace, address: str) -> None:
    """Until a new UDP flow gets an answer."""

    def answered() -> bool:
        return where.run(sys.executable, "-c", ASK, address, str(PORT), check=False).returncode == 0

    poll(answered, f"an answer to {where.name} from {address}", 20)


ASK = """
import socket, sys
asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asked.settimeout(1)
asked.sendto(bytes(8), (sys.argv[1], int(sys.argv[2])))
asked.recv(64)
"""
