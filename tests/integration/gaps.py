# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic stops while something is done to a node's firewall, again and again."""

import statistics
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from lab import INTERNET, Lab
from nodes_file import short_yaml
from traffic import converse, echo, wait_new_flow

REPETITIONS = 20
MEDIAN_MS = 50.0
PROBE_MS = 1.0
DRAIN = 3.0  # seconds; what a closed firewall took is lost and not waited for any longer


@dataclass(frozen=True)
class Gaps:
    """Milliseconds, one for each repetition."""

    line: str
    whole: list[float]
    after: list[float]  # what of it was left when the firewall's own command was through

    def __str__(self) -> str:
        text = f"worst {max(self.whole):7.1f} ms, median {statistics.median(self.whole):7.1f} ms"
        if max(self.whole) > 0:
            text += f"; once the command was through: worst {max(self.after):.1f} ms"
        return f"{self.line:22} {text}"


def _of_each(report: dict[str, Any], begins: list[float], ends: list[float], line: str) -> Gaps:
    whole, after = [0.0] * len(begins), [0.0] * len(begins)
    for when, seconds in report["gaps"]:
        at = max((i for i, begin in enumerate(begins) if begin <= when), default=None)
        assert at is not None, f"{line}: {seconds * 1000:.0f} ms lost before anything was done"
        whole[at] += seconds * 1000
        after[at] = max(after[at], (when + seconds - ends[at]) * 1000)
    return Gaps(line, whole, after)


def measure(lab: Lab, act: Callable[[], object], title: str) -> dict[str, Gaps]:
    """`act` is done REPETITIONS times while the first worker's pod talks to the outside and to the
    second worker's pod, a probe a millisecond in each line: flows that last, and new ones."""
    first, second = lab.workers
    assert first.pod and second.pod
    across = second.node.pod_address(10)
    # New flows of a millisecond each would fill the table of connections.
    first.run("sh", "-c", "echo 3 >/proc/sys/net/netfilter/nf_conntrack_udp_timeout")
    for address in (INTERNET, across):
        wait_new_flow(first.pod, address)
    lines = {
        f"{what} {where}": converse(first.pod, kind, address, PROBE_MS, DRAIN)
        for what, kind in (("lasting flow", "udp"), ("new flows", "once"))
        for where, address in (("outward", INTERNET), ("across", across))
    }
    begins, ends = [], []
    for _ in range(REPETITIONS):
        begins.append(time.monotonic())
        act()
        ends.append(time.monotonic())
        for address in (INTERNET, across):
            wait_new_flow(first.pod, address)
    reports = {line: traffic.report() for line, traffic in lines.items()}
    print(f"{title}, {REPETITIONS} times:")
    found = {}
    for line, report in reports.items():
        assert report["sent"] > REPETITIONS, f"{line}: hardly anything was sent"
        found[line] = _of_each(report, begins, ends, line)
        print(f"  {found[line]}")
    return found


def assert_short(found: dict[str, Gaps]) -> None:
    for line, gaps in found.items():
        assert statistics.median(gaps.whole) < MEDIAN_MS, f"{line}: {gaps.whole}"


def assert_none(found: dict[str, Gaps]) -> None:
    for line, gaps in found.items():
        assert max(gaps.whole) == 0, f"{line}: {gaps.whole}"


@contextmanager
def answering_pair() -> Iterator[Lab]:
    """Two workers with a pod each; the second one and who is outside answer."""
    with Lab(workers=2) as lab:
        lab.add_pods()
        lab.write_nodes_file(short_yaml(lab.nodes))
        second = lab.workers[1]
        assert second.pod
        echo(lab.outside, INTERNET)
        echo(second.pod, second.node.pod_address(10))
        yield lab


def start_daemons(lab: Lab) -> None:
    for daemon in lab.start_daemons():
        daemon.wait_log("Watching for new subnet leases")
