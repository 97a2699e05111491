# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP clients that are many, slow, or never read: the routes do not wait for them."""

import os
import socket
import time
from typing import Generator

import pytest

import nodes_file
from crowd import FLAGS, last_report, peer, site_of_peers, start_crowd
from fake_site import Site
from lab import Lab, Worker
from process import Process
from waiting import poll, poll_equal

PEERS = 5000
SLOW = FAST = 200
PLACES = 64 + 8 + 16  # of both servers, and some of the daemon's own that come and go


def count_fds(daemon: Process) -> int:
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


@pytest.fixture
def site() -> Generator[Site, None, None]:
    with site_of_peers(PEERS) as made:
        yield made


def test_routes_do_not_wait_for_clients(site: Site) -> None:
    worker = site.worker
    daemon = site.start(*FLAGS)
    poll_equal(lambda: len(worker.routes()), PEERS, "number of routes", 60)
    daemon.wait_log("Watching for new subnet leases")
    fds, anonymous = count_fds(daemon), daemon.memory("RssAnon")
    crowd = start_crowd(worker, SLOW, FAST)
    poll(lambda: last_report(crowd).get("waiting", 0) >= 40, "slow clients", 60)
    most_fds = 0
    for turn in range(1, 5):
        for index in range(0, PEERS, 25):
            site.put(peer(index + turn, turn))
        most_fds = max(most_fds, count_fds(daemon))
        site.wait_routes(60)
    poll_equal(lambda: last_report(crowd)["answered"], FAST, "fast clients that had an answer", 60)
    report = last_report(crowd)
    print(f"met: {report}; descriptors: {fds}, at most {most_fds}; anonymous memory: "
          f"{anonymous} KiB, then {daemon.memory('RssAnon')} KiB")  # fmt: skip
    assert report["sent_away"] > 0
    assert most_fds <= fds + PLACES
    assert daemon.memory("RssAnon") < anonymous + 16 * 1024
    assert crowd.stop() == 0
    poll(lambda: count_fds(daemon) <= fds, f"{fds} descriptors again", 30)


# ---- one at a time ----


@pytest.fixture
def worker(lab: Lab) -> Worker:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    made = lab.workers[0]
    made.start_daemon(*FLAGS).wait_log("Watching for")
    return made


def connect(worker: Worker) -> socket.socket:
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(30)
    made.connect(str(worker.status_socket))
    return made


def test_a_client_that_sends_nothing_is_sent_away(worker: Worker) -> None:
    made = connect(worker)
    assert made.recv(1) == b""


def test_a_client_that_sends_drop_by_drop_is_sent_away(worker: Worker) -> None:
    """It is never idle, but its patience outlasts ours."""
    made = connect(worker)
    made.sendall(b"GET /healthz HTTP/1.1\r\nX: ")

    def drop() -> bool:
        time.sleep(0.05)
        try:
            made.sendall(b"x")
        except OSError:
            return True
        return False

    poll(drop, "the end", 30)


def test_the_oldest_makes_room(worker: Worker) -> None:
    """More clients than places on the status socket: each new one is answered all the same."""
    held = [connect(worker) for _ in range(12)]
    assert worker.status().returncode == 0
    ended = [made for made in held if is_closed(made)]
    assert 0 < len(ended) < len(held)
    assert not is_closed(held[-1])


def is_closed(made: socket.socket) -> bool:
    made.setblocking(False)
    try:
        return made.recv(1) == b""
    except BlockingIOError:
        return False


def ask(worker: Worker, request_text: bytes) -> bytes:
    """The beginning of the answer; b"": none came."""
    made = connect(worker)
    try:
        made.sendall(request_text)
    except OSError:
        pass  # it has heard enough
    try:
        return made.recv(4096)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize(
    "request_text,answer",
    [
        (b"POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 405 "),
        (b"GET /status?node=" + b"x" * 4096 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 404 "),
        (b"HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 200 "),
    ],
)
def test_strange_requests_are_answered(worker: Worker, request_text: bytes, answer: bytes) -> None:
    assert ask(worker, request_text).startswith(answer)


@pytest.mark.parametrize(
    "request_text,answer",
    [
        (b"\0\1\2\3\r\n\r\n", b"HTTP/1.1 4"),
        (b"GET /" + b"x" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"HTTP/1.1 414 "),
        (b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 10000, b"HTTP/1.1 431 "),
    ],
)
def test_nonsense_is_sent_away(worker: Worker, request_text: bytes, answer: bytes) -> None:
    """With an answer, unless what it had not read yet broke the connection before that."""
    seen = ask(worker, request_text)
    assert not seen or seen.startswith(answer), seen
    assert worker.status().returncode == 0
