# SPDX-License-Identifier: GPL-2.0-or-later
"""A daemon with thousands of peers that change, and a crowd of HTTP clients that ask it."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

from fake_nodes import make_node
from fake_site import Dialect, Site
from lab import Lab, Node, Worker
from process import Process

PORT = 18081
FLAGS = ["--healthz-ip=127.0.0.1", f"--healthz-port={PORT}"]


def peer(index: int, turn: int) -> Node:
    """Node number `index`; each turn, of ten, has another address for it."""
    high, low = divmod(index, 250)
    address = f"172.20.{high + 20 * (turn % 10)}.{low + 1}"
    return Node(f"n{index}", address, f"10.{high + 2}.{low}.0/24")


@contextmanager
def site_of_peers(count: int) -> Iterator[Site]:
    """Its API server runs; the daemon is to be started."""
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        worker.net_conf.write_text(
            '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
        )
        worker.batch("address add 172.20.255.1/16 dev ens192")
        site = Site(worker, Dialect(protobuf=True))
        for node in (peer(index, 0) for index in range(count)):
            site.nodes[node.name] = node
            site.api.nodes[node.name] = make_node(node.name, node.pod_cidr, node.address)
        site.put(worker.node)
        with site.api:
            yield site
            site.stop()


def start_crowd(worker: Worker, slow: int, fast: int) -> Process:
    program = str(Path(__file__).with_name("http_crowd.py"))
    arguments = [str(PORT), str(worker.status_socket), str(slow), str(fast)]
    return worker.start(sys.executable, program, *arguments, name="crowd")


def last_report(crowd: Process) -> dict[str, Any]:
    """What it has met (http_crowd.Met); empty before it says so."""
    lines = [line for line in crowd.log().splitlines() if line.endswith("}")]
    return json.loads(lines[-1]) if lines else {}
