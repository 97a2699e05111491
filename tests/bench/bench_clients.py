# SPDX-License-Identifier: GPL-2.0-or-later
"""What HTTP clients cost the daemon: bench_clients.py [ROUNDS [NODES [CLIENTS]]]

Phases without and with clients (half of them slow, half fast) take turns, so that what else the
machine does falls on both. In each, nodes change one after another; how long the rounds took is
what the daemon's own histogram gained. The daemon has a CPU to itself, and the clients, the API
server and this program have another: else the clients' own work would be taken for the daemon's.
Beside it: the loop's CPU time by rounds, answers included, and for how much of a second it was
ready to run and did not, which is others' doing (/proc/PID/schedstat, which is about the first
thread alone). Of the worst round the histogram has the bounds between which it was. Root; in a
network namespace of its own.
"""

import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))

# pylint: disable=wrong-import-position
import prometheus
from crowd import FLAGS, PORT, last_report, peer, site_of_peers, start_crowd
from fake_site import Site
from lab import Worker
from process import Process
from waiting import poll, poll_equal

CHANGES = 100  # a phase
PHASES = 11  # of each kind: more than 1,000 rounds, of which the slowest 1 % are ten, if the
# machine is free: on a busy one several changes share a round
BUCKET = "hostgw_reconcile_duration_seconds_bucket"

Buckets = dict[float, float]  # by upper bound, cumulated


@dataclass
class Sums:
    """Of the phases of one kind."""

    buckets: Buckets = field(default_factory=dict)
    seconds: float = 0
    running: float = 0  # seconds of the loop's CPU time
    waiting: float = 0  # seconds in which the loop was ready to run, and something else ran


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


def worst(buckets: Buckets) -> str:
    """Of the slowest round. In milliseconds."""
    bounds = sorted(buckets)
    at = next(i for i, bound in enumerate(bounds) if buckets[bound] >= buckets[bounds[-1]])
    below = 1000 * bounds[at - 1] if at > 0 else 0
    return f"{below:g}-{1000 * bounds[at]:g} ms"


def read_schedule(daemon: Process) -> tuple[float, float, float]:
    text = Path(f"/proc/{daemon.pid}/schedstat").read_text(encoding="ascii")
    running, waiting, _ = (int(number) / 1e9 for number in text.split())
    return time.monotonic(), running, waiting


def run_phase(site: Site, count: int, turn: int, sums: Sums) -> None:
    assert site.daemon
    before, schedule = read_buckets(site.worker), read_schedule(site.daemon)
    for change in range(CHANGES):
        site.put(peer((change * 37 + turn) % count, turn))
        time.sleep(0.02)  # each change a round of its own
    site.wait_routes(120)
    seconds, running, waiting = (
        now - then for now, then in zip(read_schedule(site.daemon), schedule)
    )
    sums.seconds += seconds
    sums.running += running
    sums.waiting += waiting
    for bound, value in read_buckets(site.worker).items():
        sums.buckets[bound] = sums.buckets.get(bound, 0) + value - before[bound]


def pin(daemon: Process, cpus: list[int]) -> None:
    for thread in Path(f"/proc/{daemon.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), cpus[:1])


def measure(rounds: int, count: int, clients: int, cpus: list[int]) -> dict[str, Sums]:
    sums = {"without": Sums(), "with clients": Sums()}
    if len(cpus) > 1:
        os.sched_setaffinity(0, cpus[1:])  # inherited by whatever is started
    with site_of_peers(count) as site:
        daemon = site.start(*FLAGS)
        if len(cpus) > 1:
            pin(daemon, cpus)
        poll_equal(lambda: len(site.worker.routes()), count, "number of routes", 120)
        for turn in range(2 * rounds):
            if turn % 2 == 0:
                run_phase(site, count, turn + 1, sums["without"])
                continue
            crowd = start_crowd(site.worker, clients - clients // 2, clients // 2)
            poll(lambda: last_report(crowd).get("answered"), "an answer", 60)
            run_phase(site, count, turn + 1, sums["with clients"])
            crowd.stop()
    return sums


def main() -> None:
    given = [int(text) for text in sys.argv[1:]]
    rounds, count, clients = (given + [PHASES, 5000, 400][len(given) :])[:3]
    if os.geteuid() != 0:
        sys.exit("bench_clients.py: a network namespace needs root")
    cpus = sorted(os.sched_getaffinity(0))
    print(f"{count} nodes, {CHANGES} changes a phase, {rounds} phases each, {clients} clients; "
          f"{'the daemon on a CPU of its own' if len(cpus) > 1 else 'all on one CPU'}")  # fmt: skip
    print(f"{'':14} {'rounds':>7} {'half':>9} {'99 %':>9} {'worst':>12} "
          f"{'CPU/round':>10} {'waited/s':>9}")  # fmt: skip
    for name, sums in measure(rounds, count, clients, cpus).items():
        print(
            f"{name:14} {sums.buckets[float('inf')]:7.0f} {quantile(sums.buckets, 0.5):6.2f} ms "
            f"{quantile(sums.buckets, 0.99):6.2f} ms {worst(sums.buckets):>12} "
            f"{1000 * sums.running / sums.buckets[float('inf')]:7.2f} ms "
            f"{1000 * sums.waiting / sums.seconds:6.0f} ms"
        )


if __name__ == "__main__":
    main()
