# SPDX-License-Identifier: GPL-2.0-or-later
"""5,001 Nodes with default settings: the count at which flanneld stops starting."""

import re
import time
from pathlib import Path

from control_plane import ADDRESS, ControlPlane, node_manifest
from lab import Lab
from process import Process
from waiting import poll, poll_equal

PEERS = 5000
MOST_MEMORY = 24 * 1024  # KiB


def peak_memory(process: Process) -> int:
    """VmHWM in KiB (proc(5))."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def test_5001_nodes_converge_in_little_memory() -> None:
    with Lab(workers=1) as lab, ControlPlane(lab) as control:
        worker = lab.workers[0]
        worker.net_conf.write_text('{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}')
        worker.batch("address add 172.20.255.1/16 dev ens192")
        control.create(node_manifest("kubworker1", podCIDR="10.1.0.0/24", podCIDRs=["10.1.0.0/24"]))
        creator = control.host.start(
            "/usr/bin/python3", str(Path(__file__).with_name("create_nodes.py")),
            "create", str(control.folder), ADDRESS, str(PEERS), name="create-nodes",
        )
        assert creator.wait_exit(180) == 0, creator.log()

        start = time.monotonic()
        daemon = control.start_daemon(worker)
        poll_equal(lambda: len(worker.routes()), PEERS, "number of routes", 60)
        print(f"{PEERS} routes after {time.monotonic() - start:.2f} s")
        daemon.wait_log(f"Subnets added: {PEERS}, changed: 0, removed: 0")
        routes = worker.routes()
        assert routes["10.2.0.0/24"] == "172.20.0.1"
        assert routes["10.21.249.0/24"] == "172.20.19.250"
        print(f"peak memory {peak_memory(daemon)} KiB")
        assert peak_memory(daemon) < MOST_MEMORY

        control.kubectl("delete", "node", "bulk-04999")
        poll(lambda: len(worker.routes()) == PEERS - 1, "the deleted Node's route is gone")
        assert peak_memory(daemon) < MOST_MEMORY
