# SPDX-License-Identifier: GPL-2.0-or-later
"""An API server that says nothing, for longer than it may: the client does not wait for it."""

import threading
from pathlib import Path
from typing import Callable, Generator

import pytest

from fake_apiserver import FakeApiServer, Kubeconfig, encode
from fake_faults import Action, Fault, Handler, after, between, held, insert, pause
from kube_client import FIRST, C, Client, node, wait_watch
from plugin import Plugin
from waiting import poll

LIMIT = ("--limit", "1")  # second; a minute, say, would be right
Silent = Callable[[threading.Event], Fault]


@pytest.fixture
def api() -> Generator[FakeApiServer, None, None]:
    with FakeApiServer(watch_list="spoken") as server:
        server.put(node("a"))
        server.put(node("b"))
        yield server


@pytest.fixture
def config(api: FakeApiServer, tmp_path: Path) -> str:
    return str(Kubeconfig(api.url).write(tmp_path / "config"))


@pytest.fixture
def forever() -> Generator[threading.Event, None, None]:
    """What is held until then is held as long as the test runs."""
    event = threading.Event()
    yield event
    event.set()


def in_first_bytes(until: threading.Event) -> Fault:
    return after(4000, pause(until))


def in_first_node(until: threading.Event) -> Fault:
    return between(1, pause(until))


NO_ANSWER = "^trouble .* does not answer"
# Where it is silent, what it speaks; what is said of it; which requests follow.
LISTS: dict[str, tuple[str, Silent, str, list[str]]] = {
    "at the list": ("refused", held, NO_ANSWER, ["watchlist", "list", "list"]),
    "in the list": ("refused", in_first_bytes, NO_ANSWER, ["watchlist", "list", "list"]),
    "at the stream": ("spoken", held, f"{NO_ANSWER} within 1 s", ["watchlist", "list"]),
    "in the stream": ("spoken", in_first_node, "^list_begin", ["watchlist", "list"]),
}


@pytest.mark.parametrize("where", LISTS)
def test_a_list_is_made_again(
    api: FakeApiServer, config: str, tmp_path: Path, forever: threading.Event, where: str
) -> None:
    api.watch_list, silent, words, kinds = LISTS[where]
    api.fail_next("watchlist" if api.watch_list == "spoken" else "list", silent(forever))
    with Client(tmp_path, *LIMIT, "--kubeconfig", config) as client:
        client.wait_line(words)
        client.wait_line("^list_end 2$")
        assert api.kinds()[: len(kinds)] == kinds
        wait_watch(api)


def test_a_watch_is_asked_for_again(
    api: FakeApiServer, config: str, tmp_path: Path, forever: threading.Event
) -> None:
    with Client(tmp_path, *LIMIT, "--node", "a", "--kubeconfig", config) as client:
        client.wait_lines(*FIRST, "version 102")
        api.fail_next("watch", held(forever))
        api.end_watches()
        client.wait_line("^trouble watching Nodes: .* does not answer within 1 s")
        api.put(node("c"))
        client.wait_line(C)
        assert api.kinds() == ["watchlist", "watch", "get", "watch"]


def test_the_check_is_made_again(
    api: FakeApiServer, config: str, tmp_path: Path, forever: threading.Event
) -> None:
    api.fail_next("get", held(forever))
    arguments = ("--node", "a", "--resume", "102", "--kubeconfig", config)
    with Client(tmp_path, *LIMIT, *arguments) as client:
        client.wait_line("^trouble asking for the own Node: .* does not answer")
        client.wait_line("^resumed")
        assert api.kinds() == ["get", "get", "watch"]


def test_what_a_plugin_takes_is_no_silence(api: FakeApiServer, tmp_path: Path) -> None:
    plugin = Plugin(tmp_path)
    plugin.answer(token="secret")
    plugin.end("sleep 2")
    path = Kubeconfig(api.url, user=plugin.user()).write(tmp_path / "config")
    with Client(tmp_path, *LIMIT, "--kubeconfig", str(path)) as client:
        client.wait_lines(*FIRST)
        assert api.kinds() == ["watchlist"]


# ---- not silent, and yet ----


def slowly(seconds: float) -> Action:
    """A pause before each of the next events, too."""

    def act(handler: Handler) -> None:
        handler.api.stopping.wait(seconds)
        handler.plan = (1, act)

    return act


def test_a_stream_may_take_as_long_as_it_moves(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    for name in "cdefgh":
        api.put(node(name))
    api.fail_next("watchlist", between(1, slowly(0.5)))
    with Client(tmp_path, *LIMIT, "--kubeconfig", config) as client:
        client.wait_line("^list_end 8$")
        assert api.kinds() == ["watchlist"]


def test_heartbeats_are_no_movement(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    """Of an ordinary watch, which knows nothing of the bookmark that is waited for."""
    beat = encode({"type": "MODIFIED", "object": api.nodes["a"]}) + b"\n"

    def beat_on(handler: Handler) -> bool:
        handler.begin()
        for piece in api.initial_events(False)[0][:-1]:
            handler.send_chunk(piece)
        while not api.stopping.wait(0.3):
            insert(beat)(handler)
        return True

    api.fail_next("watchlist", beat_on)
    with Client(tmp_path, *LIMIT, "--kubeconfig", config) as client:
        poll(lambda: "list" in api.kinds(), "the fallback")
        client.wait_line("^list_end 2$")
