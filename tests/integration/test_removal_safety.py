# SPDX-License-Identifier: GPL-2.0-or-later
"""A list of 500 Nodes that breaks at every 1,000th byte deletes no route, wherever it breaks."""

import subprocess
import time
from typing import Generator

import pytest

from fake_faults import cut, passing, status
from fake_site import Dialect, Site
from lab import Lab, Node
from waiting import poll

PEERS = 500
STEP = 1000
DIALECTS = {
    "json": Dialect(protobuf=False),
    "protobuf": Dialect(protobuf=True),
    "json-stream": Dialect(protobuf=False, watch_list="spoken"),
    "protobuf-stream": Dialect(protobuf=True, watch_list="spoken"),
}
PROBE = "10.2.0.0/24"


@pytest.fixture(params=DIALECTS)
def site(request: pytest.FixtureRequest) -> Generator[Site, None, None]:
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        worker.net_conf.write_text(
            '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
        )
        worker.batch("address add 172.20.255.1/16 dev ens192")
        made = Site(worker, DIALECTS[request.param])
        made.put(worker.node)
        for index in range(PEERS):
            high, low = divmod(index, 250)
            made.put(Node(f"n{index}", f"172.20.{high}.{low + 1}", f"10.{high + 2}.{low}.0/24"))
        for node in made.api.nodes.values():
            del node["status"]["images"][2:]  # the list is long enough
        with made.api:
            yield made


def prove_a_round(site: Site) -> None:
    """The daemon is past the failure and has looked at its routes since: it repairs one."""
    command = f"ip -n {site.worker.netns} route del {PROBE}"
    subprocess.run(command.split(), check=True)
    poll(lambda: site.worker.ip_json("route", "show", PROBE), "the route is back")


def list_length(site: Site) -> int:
    if site.speaks_watch_list:
        pieces, _ = site.api.initial_events(site.api.protobuf)
    else:
        pieces = site.api.list_pieces({"limit": "500"}, site.api.protobuf)
    return sum(map(len, pieces))


def meet_cut(site: Site, count: int) -> None:
    """A whole list, a 410, then a list that breaks off after so many bytes."""
    site.api.fail_next(site.list_kind, passing, cut(count))
    if site.speaks_watch_list:
        daemon = site.start()
        poll(lambda: "watchlist" in site.api.kinds(), "the first list")
        site.api.send_error(410, "too old")  # comes after the list, in the same stream
    else:
        site.api.fail_next("watch", status(410))
        daemon = site.start()
    daemon.wait_log("^W.* listing Nodes: ")
    prove_a_round(site)
    site.stop()


def test_a_cut_list_deletes_nothing(site: Site) -> None:
    daemon = site.start()
    site.wait_routes()
    site.stop()
    assert daemon.log().count("Subnet removed") == 0
    site.new_events()
    length = list_length(site)
    cuts = range(0, length, STEP)
    begun = time.monotonic()
    for count in cuts:
        meet_cut(site, count)
    print(f"{len(cuts)} cuts of a list of {length} bytes in {time.monotonic() - begun:.1f} s")
    deleted = [event for event in site.new_events() if event.startswith("Deleted ")]
    assert len(deleted) == len(cuts) and all(PROBE in event for event in deleted), deleted
    site.start()
    site.wait_routes()
