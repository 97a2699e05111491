# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic while something is done to the cluster: between all pairs of pods, and to the outside,
where every packet's source address is looked at."""

from types import TracebackType
from typing import Any

from lab import INTERNET
from pods import Pod
from real_cluster import NETWORK, Cluster
from traffic import Traffic, converse, echo, sniff

INTERVAL = 20.0  # milliseconds between the packets of a pair
OUTSIDE_INTERVAL = 5.0  # between new flows to the outside
KINDS = ("icmp", "udp", "tcp")


class Load:
    """Context manager: nothing may be lost, nor leave with a pod's address, while it lasts."""

    def __init__(self, cluster: Cluster, pods: list[Pod]):
        self._cluster = cluster
        self._pods = pods
        self._servers: list[Traffic] = []
        self._talks: list[Traffic] = []
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.seen_outside: dict[str, Any] = {}

    def __enter__(self) -> "Load":
        pods, outside = self._pods, self._cluster.outside
        self._servers = [echo(pod, pod.address) for pod in pods] + [echo(outside, INTERNET)]
        self._sniffer = sniff(outside, "ens192", NETWORK)
        for number, pod in enumerate(pods):
            for other in pods[:number] + pods[number + 1 :]:
                kind = KINDS[len(self._talks) % len(KINDS)]
                self._talks += [converse(pod, kind, other.address, INTERVAL)]
                if kind != "icmp":
                    self._talks += [converse(pod, "icmp", other.address, INTERVAL)]
            self._talks += [converse(pod, "flows", INTERNET, OUTSIDE_INTERVAL)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.reports = [(talk.name, talk.report()) for talk in self._talks]
        self.seen_outside = self._sniffer.report()
        for server in self._servers:
            server.stop()

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
