# SPDX-License-Identifier: GPL-2.0-or-later
"""List, watch and resume as the reflector plays them: WatchList, the saved version, the checks."""

import threading
from pathlib import Path
from typing import Generator

import pytest

from fake_apiserver import FakeApiServer, Kubeconfig, encode, raw, status
from fake_faults import Fault, Handler, at_once, between, cut, error_event, hang_up, insert, pause
from kube_client import FIRST, A, B, C, Client, node, wait_watch
from waiting import poll, poll_equal

WATCH_LIST = {
    "watch": "true",
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}


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
def client(config: str, tmp_path: Path) -> Generator[Client, None, None]:
    with Client(tmp_path, "--kubeconfig", config) as running:
        yield running


def wait_kinds(api: FakeApiServer, *kinds: str) -> None:
    """These are all the requests that came, in this order."""
    poll_equal(api.kinds, list(kinds), "requests")


# ---- WatchList ----


def test_one_stream_lists_and_watches(api: FakeApiServer, client: Client) -> None:
    client.wait_lines(*FIRST)
    api.put(node("c"))
    api.remove("a")
    client.wait_lines(*FIRST, C, "removed a")
    assert api.kinds() == ["watchlist"]
    query = dict(api.requests[0].query)
    assert 300 <= int(query.pop("timeoutSeconds")) <= 600
    assert query == WATCH_LIST  # and no version: what etcd has at this moment


def test_the_watch_goes_on_from_the_bookmark(api: FakeApiServer, client: Client) -> None:
    """Not from the version of the last node in the list, which may be any."""
    client.wait_lines(*FIRST)
    api.put(node("a", public_ip="198.51.100.1"))
    api.send_error(500, "etcd is unwell")
    client.wait_line("^list_end", 2)
    api.end_watches()
    wait_watch(api)
    relist, watch = api.requests[1:]
    assert relist.kind == "watchlist" and relist.query["resourceVersion"] == "103"
    assert watch.query["resourceVersion"] == "103"


def test_410_lists_anew_without_a_version(api: FakeApiServer, client: Client) -> None:
    client.wait_lines(*FIRST)
    api.send_error(410, "too old resource version")
    client.wait_lines(*FIRST, *FIRST)
    assert [kind for kind in api.kinds() if kind != "watch"] == ["watchlist"] * 2
    assert "resourceVersion" not in api.requests[-1].query


FIRST_BREAKS = {
    "before anything": cut(0),
    "in a node": cut(100),
    "between nodes": between(1, hang_up),
    "before the bookmark": between(2, hang_up),
    "in the bookmark": cut(5300),
    "a clean end": raw(b""),
    "410 in the list": between(1, error_event(410, "too old resource version")),
    "504 in the list": between(0, error_event(504, "Too large resource version: 1")),
    "500 in the list": between(1, error_event(500, "etcd is unwell")),
}


@pytest.mark.parametrize("how", FIRST_BREAKS)
def test_cut_before_the_bookmark_is_no_list(
    api: FakeApiServer, config: str, tmp_path: Path, how: str
) -> None:
    api.fail_next("watchlist", FIRST_BREAKS[how])
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^list_end 2$")
        assert client.lines().count("list_begin") == 2
        assert "list_end" not in "".join(client.lines()[:-4])
        assert api.kinds() == ["watchlist", "watchlist"]
        assert "resourceVersion" not in api.requests[1].query  # nothing was seen whole


def test_a_node_may_go_while_the_list_comes(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    gone = encode({"type": "DELETED", "object": api.nodes["a"]}) + b"\n"
    api.fail_next("watchlist", between(2, insert(gone)))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_lines("list_begin", A, B, "removed a", "list_end 2")


def test_a_bookmark_without_a_version(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    end = {"metadata": {"annotations": {"k8s.io/initial-events-end": "true"}}}
    api.fail_next("watchlist", raw(encode({"type": "BOOKMARK", "object": end})))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^trouble .* the list has no resourceVersion")
        client.wait_line("^list_end 2$")


def test_unsupported_is_remembered_until_a_list_is_whole(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    api.watch_list = "refused"
    api.fail_next("list", status(500, "no"), cut(200))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^list_end 2$")
        wait_kinds(api, "watchlist", "list", "list", "list", "watch")
        assert api.requests[1].query == {"resourceVersion": "0"}
        api.watch_list = "spoken"  # the server was upgraded
        api.send_error(410, "too old resource version")
        client.wait_line("^list_end 2$", 2)
        wait_kinds(api, "watchlist", "list", "list", "list", "watch", "watchlist")


def test_403_is_not_unsupported(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    api.fail_next("watchlist", status(403, "nodes is forbidden"), status(429, "too many"))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line(r'^trouble listing Nodes: .* resources: \["nodes"\], verbs: \["watch"\]')
        client.wait_line("^trouble listing Nodes: .* is overloaded")
        client.wait_line("^list_end 2$")
        assert api.kinds() == ["watchlist"] * 3


def test_an_ordinary_bookmark_tells_that_the_parameter_is_ignored(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    api.watch_list = "ignored"
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line(B)
        api.bookmark()
        client.wait_lines("list_begin", A, B, *FIRST)
        wait_kinds(api, "watchlist", "list", "watch")


def test_silence_tells_that_the_parameter_is_ignored(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    api.watch_list = "ignored"
    with Client(tmp_path, "--kubeconfig", config) as client:
        poll(lambda: "watch" in api.kinds(), "the fallback", 40)
        client.wait_lines("list_begin", A, B, *FIRST)
        assert api.kinds() == ["watchlist", "list", "watch"]


# ---- resuming from a saved version ----


def tell_410(handler: Handler) -> None:
    """The watch is accepted, and then it is not."""
    handler.begin()
    handler.send_error_event(410, "too old resource version")
    handler.send_end()


def resumed(config: str, folder: Path, version: str, *options: str) -> Client:
    arguments = ("--node", "a", "--resume", version, *options, "--kubeconfig", config)
    return Client(folder, *arguments)


def test_resume_without_a_list(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    """What happened meanwhile comes first; with a bookmark it is complete."""
    api.put(node("c"))
    api.remove("b")
    with resumed(config, tmp_path, "102") as client:
        client.wait_lines(C, "removed b", "resumed")
        wait_kinds(api, "get", "watch")
        check, watch = api.requests
        assert check.query == {"name": "a", "resourceVersion": "102"}
        assert watch.query["resourceVersion"] == "102"
        api.bookmark()
        client.wait_lines(C, "removed b", "resumed", "caught_up", "version 105")


def test_silence_after_a_resume_proves_nothing(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """What was missed may be on its way still; being ready does not wait for it."""
    api.put(node("c"))
    late = threading.Event()
    api.fail_next("watch", between(0, pause(late)))
    with resumed(config, tmp_path, "102") as client:
        client.wait_lines("resumed")
        late.set()
        client.wait_lines("resumed", C)
        api.bookmark()
        client.wait_lines("resumed", C, "caught_up", "version 104")


def test_without_bookmarks_time_proves_it(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    with resumed(config, tmp_path, "102", "--limit", "1") as client:
        client.wait_lines("resumed", "caught_up")
        api.put(node("c"))
        client.wait_lines("resumed", "caught_up", C)


def test_a_skipped_event_of_a_resume_leads_to_a_list(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """It may be the one that was missed: no bookmark makes up for it."""
    bad = b'{"type":"ADDED","object":{"metadata":{}}}\n'
    api.fail_next("watch", between(0, insert(bad)))
    api.bookmark()
    with resumed(config, tmp_path, "102") as client:
        client.wait_line("^list_end 2$")
        assert "caught_up" not in client.lines()


RESUME_REFUSALS: dict[str, tuple[str, Fault, list[str]]] = {
    "too old": ("watch", status(410, "too old resource version"), ["get", "watch"]),
    "too old, in the stream": ("watch", at_once(tell_410), ["get", "watch"]),
    "of another etcd": ("get", status(504, "Too large resource version: 102, current: 7"), ["get"]),
    "gone": ("get", status(410, "gone"), ["get"]),
    "own node unknown": ("get", status(404, "not found"), ["get"]),
    "may not get": ("get", status(403, "nodes is forbidden"), ["get"] * 4),
    "no version at all": ("get", status(500, "strconv.ParseUint: invalid syntax"), ["get"] * 4),
}


@pytest.mark.parametrize("how", RESUME_REFUSALS)
def test_a_version_that_is_not_taken_leads_to_a_list(
    api: FakeApiServer, config: str, tmp_path: Path, how: str
) -> None:
    kind, fault, before = RESUME_REFUSALS[how]
    api.fail_next(kind, *[fault] * before.count("get") if kind == "get" else [fault])
    with resumed(config, tmp_path, "102") as client:
        client.wait_line("^list_end 2$")
        wait_kinds(api, *before, "watchlist")
        assert "resumed" not in client.lines()
        trouble = [line for line in client.lines() if line.startswith("trouble")]
        if how == "may not get":
            assert 'verbs: ["get"]' in trouble[0]
        elif how == "no version at all":
            assert "asking for the own Node" in trouble[0] and "strconv" in trouble[0]
        else:
            assert not trouble
        lost = kind == "watch" or how in ("of another etcd", "gone")
        assert ("resourceVersion" in api.requests[-1].query) != lost


def test_a_version_from_the_future_is_not_watched(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    with resumed(config, tmp_path, "4711") as client:
        client.wait_lines(*FIRST, "version 102")
        wait_kinds(api, "get", "watchlist")


def test_the_check_waits_for_a_server_that_cannot_answer(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """One that has just started forbids all, as it has not read its roles."""
    api.fail_next(
        "get",
        status(503, "starting", Retry_After="1"),
        status(502, "bad gateway"),
        status(403, "nodes is forbidden"),
        status(500, "etcdserver: request timed out"),
    )
    with resumed(config, tmp_path, "102") as client:
        client.wait_line("^trouble asking for the own Node: .* is overloaded or starting")
        client.wait_line("^resumed")
        client.wait_line("^trouble asking for the own Node: .* etcdserver: request timed out")
        wait_kinds(api, *["get"] * 5, "watch")


def test_a_watch_that_broke_is_checked_first(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """One that the server ended in order is not."""
    with Client(tmp_path, "--node", "a", "--kubeconfig", config) as client:
        client.wait_lines(*FIRST, "version 102")
        api.fail_next("watch", between(0, hang_up))
        api.end_watches()
        wait_kinds(api, "watchlist", "watch")
        api.put(node("c"))
        client.wait_line(C)
        wait_kinds(api, "watchlist", "watch", "get", "watch")
        assert api.requests[-1].query["resourceVersion"] == "102"


def break_off(handler: Handler) -> None:
    """The watch is accepted, and cut."""
    handler.begin()
    hang_up(handler)


@pytest.mark.parametrize("fault", [status(503, "starting"), status(500), at_once(break_off)])
def test_an_etcd_that_went_back_is_noticed(
    api: FakeApiServer, config: str, tmp_path: Path, fault: Fault
) -> None:
    with Client(tmp_path, "--node", "a", "--kubeconfig", config) as client:
        client.wait_lines(*FIRST, "version 102")
        with api.changed:
            del api.nodes["b"]
            api.version, api.oldest, api.history[:] = 50, 0, []
        api.fail_next("watch", fault)
        api.end_watches()
        client.wait_line("^list_end 1$")
        assert "resourceVersion" not in api.requests[-1].query


def test_an_etcd_that_went_back_is_noticed_in_silence(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """The watch from the future was accepted, brought nothing, and ended in order."""
    with Client(tmp_path, "--node", "a", "--kubeconfig", config) as client:
        client.wait_lines(*FIRST, "version 102")
        with api.changed:
            del api.nodes["b"]
            api.version, api.oldest, api.history[:] = 50, 0, []
        api.end_watches()
        wait_watch(api)
        api.end_watches()
        client.wait_line("^list_end 1$")
        assert "resourceVersion" not in api.requests[-1].query
        assert api.kinds() == ["watchlist", "watch", "get", "watchlist"]


def test_no_version_is_told_after_a_skipped_event(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """What was kept must be complete: a restart would take it for that."""
    with Client(tmp_path, "--node", "a", "--kubeconfig", config) as client:
        api.bookmark()
        client.wait_line("^version 10[23]$")
        api.send_event(b'{"type":"MODIFIED","object":{"metadata":{}}}\n')
        client.wait_line("^skipped .* one item is skipped")
        api.bookmark()
        api.put(node("c"))
        client.wait_line(C)
        assert not [line for line in client.lines() if line == "version 104"]
