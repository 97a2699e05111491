# SPDX-License-Identifier: GPL-2.0-or-later
"""How long a round takes with and without HTTP clients: bench_clients.py [ROUNDS [NODES [CLIENTS]]]

Phases without and with clients (half of them slow, half fast) take turns, so that what else the
machine does falls on both. In each, nodes change one after another; how long the rounds took is
what the daemon's own histogram gained. Root; in a network namespace of its own.
"""

import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

# pylint: disable=wrong-import-position
import prometheus
from fake_nodes import make_node
from fake_site import Dialect, Site
from lab import Lab, Node, Worker
from process import Process
from waiting import poll, poll_equal

PORT = 18081
CHANGES = 100  # a phase
BUCKET = "hostgw_reconcile_duration_seconds_bucket"

Buckets = dict[float, float]  # by upper bound, cumulated


def peer(index: int, turn: int) -> Node:
    high, low = divmod(index, 250)
    address = f"172.20.{high + 20 * (turn % 10)}.{low + 1}"
    return Node(f"n{index}", address, f"10.{high + 2}.{low}.0/24")


def read_buckets(worker: Worker) -> Buckets:
    url = f"http://127.0.0.1:{PORT}/metrics"
    seen = prometheus.parse(worker.run("curl", "-s", "-m", "10", url).stdout)
    return {
        float(name.split('"')[1]): value for name, value in seen.items() if name.startswith(BUCKET)
    }


def quantile(buckets: Buckets, share: float) -> float:
    """As Prometheus' histogram_quantile: linear within a bucket. In milliseconds."""
    wanted = share * buckets[float("inf")]
    below, before = 0.0, 0.0
    for bound in sorted(buckets):
        if buckets[bound] >= wanted:
            if bound == float("inf"):
                return below * 1000
            share_of_it = (wanted - before) / max(buckets[bound] - before, 1)
            return (below + (bound - below) * share_of_it) * 1000
        below, before = bound, buckets[bound]
    return below * 1000


def run_phase(site: Site, count: int, turn: int) -> Buckets:
    before = read_buckets(site.worker)
    for change in range(CHANGES):
        site.put(peer((change * 37 + turn) % count, turn))
        time.sleep(0.02)  # each change a round of its own
    site.wait_routes(120)
    after = read_buckets(site.worker)
    return {bound: value - before[bound] for bound, value in after.items()}


def start_crowd(site: Site, clients: int) -> Process:
    program = str(Path(__file__).parents[1] / "integration/http_crowd.py")
    numbers = [str(clients - clients // 2), str(clients // 2)]
    worker = site.worker
    crowd = worker.start(
        sys.executable, program, str(PORT), str(worker.status_socket), *numbers, name="crowd"
    )
    poll(lambda: re.search('"answered": [1-9]', crowd.log()), "an answer", 60)
    return crowd


def measure(rounds: int, count: int, clients: int) -> dict[str, Buckets]:
    sums: dict[str, Buckets] = {}
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        worker.net_conf.write_text(
            '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
        )
        worker.batch("address add 172.20.255.1/16 dev ens192")
        site = Site(worker, Dialect(protobuf=True))
        for index in range(count):
            node = peer(index, 0)
            site.nodes[node.name] = node
            site.api.nodes[node.name] = make_node(node.name, node.pod_cidr, node.address)
        site.put(worker.node)
        with site.api:
            site.start("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
            poll_equal(lambda: len(worker.routes()), count, "number of routes", 120)
            for turn in range(2 * rounds):
                crowd = start_crowd(site, clients) if turn % 2 else None
                name = "with clients" if crowd else "without"
                gained = run_phase(site, count, turn + 1)
                if crowd:
                    crowd.stop()
                total = sums.setdefault(name, dict.fromkeys(gained, 0.0))
                for bound, value in gained.items():
                    total[bound] += value
            site.stop()
    return sums


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    rounds, count, clients = (given + [3, 5000, 400][len(given) :])[:3]
    if os.geteuid() != 0:
        sys.exit("bench_clients.py: a network namespace needs root")
    print(f"{count} nodes, {CHANGES} changes a phase, {rounds} phases each, {clients} clients")
    print(f"{'':14} {'rounds':>7} {'half':>9} {'99 %':>9}")
    for name, buckets in measure(rounds, count, clients).items():
        print(
            f"{name:14} {buckets[float('inf')]:7.0f} {quantile(buckets, 0.5):6.2f} ms "
            f"{quantile(buckets, 0.99):6.2f} ms"
        )


if __name__ == "__main__":
    main()
