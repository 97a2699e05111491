# SPDX-License-Identifier: GPL-2.0-or-later
"""A list made again that is whole, but no list of Nodes, deletes no route."""

from typing import Generator

import pytest

from fake_apiserver import encode, raw, status
from fake_encoding import JSON, MAGIC, PROTOBUF, envelope, piece
from fake_site import Dialect, Site
from lab import NODES, Lab

VERSIONED = {"metadata": {"resourceVersion": "102"}, "items": []}
METADATA = piece(1, piece(2, "102"))

ANSWERS = {
    "no version": (encode({"items": []}), "has no resourceVersion"),
    "empty version": (encode({"metadata": {}, "items": []}), "has no resourceVersion"),
    "pods": (encode({"kind": "PodList", **VERSIONED}), 'a NodeList is expected, not "PodList"'),
    "pods, told late": (encode({**VERSIONED, "kind": "PodList"}), "a NodeList is expected"),
    "no kind": (encode({**VERSIONED, "kind": None}), "a NodeList is expected, not null"),
    "protobuf, no version": (envelope("NodeList", b""), "there is no list|has no resourceVersion"),
    "protobuf, empty version": (envelope("NodeList", piece(1, b"")), "has no resourceVersion"),
    "protobuf, pods": (envelope("PodList", METADATA), 'a NodeList is expected, not "PodList"'),
}


@pytest.fixture(scope="module")
def site() -> Generator[Site, None, None]:
    with Lab(workers=1) as lab:
        made = Site(lab.workers[0], Dialect())
        for node in NODES:
            made.put(node)
        with made.api:
            yield made


@pytest.mark.parametrize("name", ANSWERS)
def test_deletes_nothing(site: Site, name: str) -> None:
    body, words = ANSWERS[name]
    site.stop()
    daemon = site.start()
    site.wait_watch()
    site.wait_routes()
    site.new_events()
    content_type = PROTOBUF if body.startswith(MAGIC) else JSON
    site.api.fail_next("list", raw(body, content_type))
    site.api.fail_next("watch", status(410))
    site.api.end_watches()
    daemon.wait_log(f"^W.* listing Nodes: .*({words})")
    daemon.wait_log("The API server answers again")
    site.wait_routes()
    assert site.new_events() == []
