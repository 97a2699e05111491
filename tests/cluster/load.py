# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic while something is done to the cluster: between all pairs of pods, and to the outside,
where every packet's source address is looked at."""

import itertools
from contextlib import ExitStack
from typing import Any

from lab import INTERNET
from pods import Pod
from cluster import NETWORK, Cluster
from traffic import Traffic, converse, echo, sniff

INTERVAL = 20.0  # milliseconds between the packets of a pair
OUTSIDE_INTERVAL = 5.0  # between new flows to the outside
KINDS = ("icmp", "udp", "tcp")


class Load:
    """Context manager: nothing may be lost, nor leave with a pod's address, while it lasts."""

    def __init__(self, cluster: Cluster, pods: list[Pod]):
        self._cluster = cluster
        self._pods = pods
        self._servers = ExitStack()
        self._talks: list[Traffic] = []
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.seen_outside: dict[str, Any] = {}

    def __enter__(self) -> "Load":
        with ExitStack() as servers:  # ends them if one does not start
            for where, address in [(pod, pod.address) for pod in self._pods] + [
                (self._cluster.outside, INTERNET)
            ]:
                servers.callback(echo(where, address).stop)
            self._sniffer = sniff(self._cluster.outside, "ens192", NETWORK)
            for a, b in itertools.permutations(self._pods, 2):
                kinds = {KINDS[len(self._talks) % len(KINDS)], "icmp"}
                self._talks += [converse(a, kind, b.address, INTERVAL) for kind in sorted(kinds)]
            self._talks += [converse(p, "flows", INTERNET, OUTSIDE_INTERVAL) for p in self._pods]
            self._servers = servers.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        with self._servers:
            self.reports = [(talk.name, talk.report()) for talk in self._talks]
            self.seen_outside = self._sniffer.report()

    def check(self) -> None:
        """Once it is over."""
        for name, report in self.reports:
            assert not report["lost"] and not report["error"], (name, report)
        sent = sum(report["sent"] for _, report in self.reports)
        outside = self.seen_outside
        print(f"{sent} sent, 0 lost; {outside['packets']} packets outside, "
              f"{outside['leaks']} with a pod's address")  # fmt: skip
        assert outside["leaks"] == 0, outside
        assert outside["dropped"] == 0, "not every packet was looked at"
        assert outside["packets"] > 0
