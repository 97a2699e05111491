# SPDX-License-Identifier: GPL-2.0-or-later
"""5,000 Nodes: what the daemon holds in memory, and that a restart asks for no list."""

from typing import Generator

import pytest

from fake_access import Pki
from fake_nodes import make_node
from fake_site import Dialect, Site
from lab import Lab, Node
from process import Process
from waiting import poll_equal

PEERS = 5000
MOST_ANONYMOUS = 6 * 1024  # KiB
DIALECTS = {
    "json": Dialect(protobuf=False),
    "protobuf": Dialect(protobuf=True),
    "json-stream": Dialect(protobuf=False, watch_list="spoken"),
    "protobuf-stream": Dialect(protobuf=True, watch_list="spoken"),
}


@pytest.fixture(scope="module")
def lab() -> Generator[Lab, None, None]:
    with Lab(workers=1) as made:
        worker = made.workers[0]
        worker.net_conf.write_text(
            '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
        )
        worker.batch("address add 172.20.255.1/16 dev ens192")
        yield made


@pytest.fixture(scope="module", params=DIALECTS)
def site(
    request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory
) -> Generator[Site, None, None]:
    pki = Pki(tmp_path_factory.mktemp("pki"))
    certificate = pki.certificate("server", "/CN=api", "IP:127.0.0.1")
    made = Site(lab.workers[0], DIALECTS[request.param], pki, certificate)
    for index in range(PEERS):
        high, low = divmod(index, 250)
        node = Node(f"n{index}", f"172.20.{high}.{low + 1}", f"10.{high + 2}.{low}.0/24")
        made.nodes[node.name] = node
        made.api.nodes[node.name] = make_node(node.name, node.pod_cidr, node.address)
    made.put(lab.workers[0].node)
    with made.api:
        yield made
        made.stop()


def peak_anonymous(daemon: Process) -> int:
    """In KiB. The kernel keeps the peak of all pages; those of files are never given back here."""
    return daemon.memory("VmHWM") - daemon.memory("RssFile") - daemon.memory("RssShmem")


def test_memory(site: Site) -> None:
    daemon = site.start()
    poll_equal(lambda: len(site.worker.routes()), PEERS, "number of routes", 60)
    daemon.wait_log("Watching for new subnet leases")
    peak = peak_anonymous(daemon)
    print(f"anonymous memory: {peak} KiB at the peak, {daemon.memory('RssAnon')} KiB now")
    assert peak < MOST_ANONYMOUS


def test_a_restart_asks_for_no_list(site: Site) -> None:
    site.stop()
    site.new_events()
    daemon = site.start(forget=False)
    daemon.wait_log("Watching for new subnet leases")
    site.put(Node("n7", "172.20.77.77", "10.2.7.0/24"))
    poll_equal(lambda: site.worker.routes()["10.2.7.0/24"], "172.20.77.77", "the new address")
    print(f"anonymous memory: {peak_anonymous(daemon)} KiB at the peak")
    assert peak_anonymous(daemon) < MOST_ANONYMOUS
    assert set(site.api.kinds()) == {"get", "watch"}
    assert [event.split()[0] for event in site.new_events()] == ["10.2.7.0/24"]
