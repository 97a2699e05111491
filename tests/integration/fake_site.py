# SPDX-License-Identifier: GPL-2.0-or-later
"""A worker of the lab, with a fake API server of its own on its loopback and hostgwd between."""

import shutil
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterator

from fake_access import Kubeconfig, Pki
from fake_apiserver import FakeApiServer
from fake_nodes import make_node
from lab import NODES, Lab, Node, Worker
from process import Process
from waiting import PATIENCE, poll, poll_equal


@dataclass(frozen=True)
class Dialect:
    """What an API server speaks; see FakeApiServer."""

    protobuf: bool = False
    watch_list: str = "refused"


class Site:
    """`certificate`: None means plain HTTP. The server is to be entered by the test."""

    def __init__(
        self,
        worker: Worker,
        dialect: Dialect,
        pki: Pki | None = None,
        certificate: tuple[Path, Path] | None = None,
        page: int = 500,
    ):
        self.worker = worker
        self.api = FakeApiServer(
            certificate, listener=worker.listen(), page=page, **asdict(dialect)
        )
        self.speaks_watch_list = dialect.watch_list == "spoken"
        self.list_kind = "watchlist" if self.speaks_watch_list else "list"
        self.nodes: dict[str, Node] = {}
        self.daemon: Process | None = None
        self.monitor = worker.monitor_routes()
        self._told = 0
        self._config = worker.folder / "kubeconfig"
        Kubeconfig(self.api.url, pki.ca if pki else None, token="secret").write(self._config)

    def put(self, node: Node) -> None:
        self.nodes[node.name] = node
        self.api.put(make_node(node.name, node.pod_cidr, node.address))

    def remove(self, name: str) -> None:
        del self.nodes[name]
        self.api.remove(name)

    def start(self, *arguments: str, forget: bool = True) -> Process:
        """`forget`: without what an earlier daemon knew, so it has to list."""
        if forget:
            shutil.rmtree(self.worker.folder / "state", ignore_errors=True)
        self.api.requests.clear()
        self.daemon = self.worker.run_hostgwd(
            "--kube-subnet-mgr", f"--kubeconfig-file={self._config}", "--annotate=false",
            *self.worker.host_arguments(), *arguments,
        )  # fmt: skip
        return self.daemon

    def stop(self) -> None:
        if self.daemon:
            assert self.daemon.stop() == 0, self.daemon.log()

    def wait_watch(self) -> None:
        """The first list is over and a watch runs."""
        assert self.daemon
        self.daemon.wait_log("Node controller sync successful")
        kind = "watchlist" if self.speaks_watch_list else "watch"
        poll(lambda: kind in self.api.kinds(), f"a {kind}")

    def wait_routes(self, seconds: float = PATIENCE) -> None:
        """Until the routes are those to the server's Nodes, and no more."""
        others = (node for node in self.nodes.values() if node.name != self.worker.name)
        wanted = {node.pod_cidr: node.address for node in others}
        poll_equal(self.worker.routes, wanted, f"routes of {self.worker.name}", seconds)

    def new_events(self) -> list[str]:
        """Changes of routes since this was asked last."""
        events = self.monitor.events()
        new = events[self._told :]
        self._told = len(events)
        return new


@contextmanager
def walk_through_site() -> Iterator[Site]:
    """In a lab of its own; the server streams its lists, knows all five nodes, and listens."""
    with Lab(workers=1) as lab:
        made = Site(lab.workers[0], Dialect(watch_list="spoken"))
        for node in NODES:
            made.put(node)
        with made.api:
            yield made
