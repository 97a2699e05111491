# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd against an API server with every fault in every place: what must stay stays, and what
changed meanwhile is carried out when the fault is over.

Four daemons meet each fault at the same time, one for each dialect that API servers speak.
"""

import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generator

import pytest

from fake_access import Pki
from fake_faults import (
    Action, Fault, after, at_once, between, error_event, half_close, hang_up, held, insert,
    no_http, passing, pause, promise, raw, reset, slow_down, status, trickle, wrong_chunk,
)  # fmt: skip
from fake_site import Dialect, Site
from lab import NODES, Lab, Node, Worker
from process import Process
from waiting import poll

RECOVERY = 30.0  # seconds to meet a fault, and for what is not measured
GRACE = 5.0  # seconds from the end of a fault, and of the wait then due, to the right routes
ROUNDS = 18  # of faults in one life of the daemon
GROWTH = 128  # KiB that they may add to its memory
# Seconds after which the daemon takes a watch for a good one. Faults in shorter time make it wait
# longer and longer, which would do the test no harm but take its time.
PROOF = 1.1

# A fault that lasts until all have met it. Those that outlast the client's patience, which is a
# minute, are in test_silence.py.
Until = threading.Event


@dataclass(frozen=True)
class Row:
    """A fault: instead of an answer (or around it), and in the middle of one."""

    at: Fault
    within: Action
    # What is answered with a status has no middle: in a list it is the second page that gets it,
    # and in a stream it is an ERROR event.
    is_status: bool = False


def refusal(code: int, **headers: str) -> Row:
    return Row(status(code, "a fault", **headers), error_event(code, "a fault"), is_status=True)


def table(until: Until) -> dict[str, Row]:
    """   name                   instead of the answer       in the middle of it"""
    html = b"<html>Please log in</html>"
    return {
        "closed":           Row(at_once(hang_up),           hang_up),
        "reset":            Row(at_once(reset),             reset),
        "half-closed":      Row(at_once(half_close),        half_close),
        "byte-by-byte":     Row(trickle(),                  slow_down),
        "silence":          Row(held(until),                pause(until)),
        "no-http":          Row(no_http,                    insert(b"\x00\xff\x01" * 30)),
        "proxy-page":       Row(raw(html, "text/html"),     insert(html)),
        "empty-answer":     Row(raw(b""),                   insert(b"\r\n\x00\r\n")),
        "length-too-long":  Row(promise(10**7),             wrong_chunk),
        "length-too-short": Row(promise(100),               wrong_chunk),
        "401":              refusal(401),
        "403":              refusal(403),
        "404":              refusal(404),
        "410":              refusal(410),
        "429":              refusal(429, Retry_After="1"),
        "500":              refusal(500),
        "503":              refusal(503),
        "504":              refusal(504),
    }  # fmt: skip


DIALECTS = {
    "kubworker1": Dialect(protobuf=False, watch_list="refused"),
    "kubworker2": Dialect(protobuf=False, watch_list="spoken"),
    "kubworker3": Dialect(protobuf=True, watch_list="refused"),
    "kubworker4": Dialect(protobuf=True, watch_list="spoken"),
}


class FaultySite(Site):
    """Its Nodes are the lab's and two more, which change now and then."""

    def __init__(self, worker: Worker, pki: Pki, certificate: tuple[Path, Path]):
        super().__init__(worker, DIALECTS[worker.name], pki, certificate, page=3)
        self._changes = 0
        self._begun = 0.0
        for node in NODES:
            self.put(node)
        self.change()

    def change(self) -> None:
        """A node goes, one comes, one has a new address."""
        self._changes += 1
        number = self._changes % 100 + 100
        for name in [name for name in self.nodes if name.startswith("passing-")]:
            self.remove(name)
        self.put(Node(f"passing-{number}", "192.168.2.60", f"10.1.{number}.0/24"))
        self.put(Node("moving", f"192.168.2.{number}", "10.1.50.0/24"))

    def start(self, *arguments: str, forget: bool = True) -> Process:
        self._begun = time.monotonic()
        return super().start(*arguments, forget=forget)

    def resume(self, kind: str, fault: Fault) -> None:
        """A start with what a life without faults has left, and with news since."""
        self.stop()
        self.start()
        self.wait_watch()
        self.stop()
        self.change()
        self.api.bookmark()  # so that the news counts as complete
        self.api.fail_next(kind, fault)
        self.start(forget=False)

    def wait_due(self) -> float:
        """The longest wait that may be due now, in seconds. Each is twice as long as the one
        before, a fifth more or less, so it is not much longer than all of them."""
        return 1.0 + 1.5 * (time.monotonic() - self._begun)

    def wait_fault(self, *kinds: str) -> None:
        """Requests have met all the faults that were meant for them."""
        poll(lambda: not any(map(self.api.has_fault, kinds)), f"requests: {kinds}", RECOVERY)

    def check_events(self) -> None:
        """Routes went whose nodes went, and no other was touched."""
        for event in self.new_events():
            deleted = event.startswith("Deleted ")
            number = int(event.removeprefix("Deleted ").split(".")[2])
            assert number >= 100 or (number == 50 and not deleted), event


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Generator[list[FaultySite], None, None]:
    folder = tmp_path_factory.mktemp("pki")
    pki = Pki(folder)
    certificate = pki.certificate("server", "/CN=api", "IP:127.0.0.1")
    with Lab(workers=len(DIALECTS)) as lab:
        made = [FaultySite(worker, pki, certificate) for worker in lab.workers]
        with ExitStack() as servers:
            for site in made:
                servers.enter_context(site.api)
                site.start()
            for site in made:
                site.wait_routes(RECOVERY)
                site.new_events()
            yield made


# ---- where a fault is met ----


def at_list(site: FaultySite, row: Row) -> None:
    site.stop()
    site.change()
    site.api.fail_next(site.list_kind, row.at)
    site.start()


def in_list(site: FaultySite, row: Row) -> None:
    if row.is_status and not site.speaks_watch_list:
        in_second_page(site, row)
        return
    site.stop()
    site.change()
    fault = between(2, row.within) if row.is_status else after(4000, row.within)
    site.api.fail_next(site.list_kind, fault)
    site.start()


def in_second_page(site: FaultySite, row: Row) -> None:
    """A list in pages follows a 410."""
    site.stop()
    site.start()
    site.wait_watch()
    site.api.fail_next("watch", status(410))
    site.api.fail_next("list", passing, row.at)
    site.api.end_watches()
    site.change()


def at_watch(site: FaultySite, row: Row) -> None:
    site.stop()
    site.start()
    site.wait_watch()
    site.api.fail_next("watch", row.at)
    site.api.end_watches()
    site.wait_fault("watch")
    site.change()


def in_watch(site: FaultySite, row: Row) -> None:
    site.stop()
    site.start()
    site.wait_watch()
    fault = between(1, row.within) if row.is_status else after(200, row.within)
    site.api.fail_next("watch", fault)
    site.api.end_watches()
    site.wait_fault("watch")
    site.change()


def at_check(site: FaultySite, row: Row) -> None:
    """Where the server is asked whether it knows the version that was kept."""
    site.resume("get", row.at)


def in_resume(site: FaultySite, row: Row) -> None:
    site.resume("watch", between(1, row.within) if row.is_status else after(200, row.within))


PLACES = {
    "at-list": at_list,
    "in-list": in_list,
    "at-watch": at_watch,
    "in-watch": in_watch,
    "at-check": at_check,
    "in-resume": in_resume,
}


def test_dialects(sites: list[FaultySite]) -> None:
    for site in sites:
        site.stop()
        site.start()
        site.wait_watch()
        list_kinds = {"watchlist"} if site.speaks_watch_list else {"watchlist", "list", "watch"}
        assert set(site.api.kinds()) == list_kinds
        assert site.api.requests[-1].protobuf == site.api.protobuf


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", table(Until()))
def test_fault(sites: list[FaultySite], name: str, place: str) -> None:
    until = Until()
    row = table(until)[name]
    for site in sites:
        PLACES[place](site, row)
    for site in sites:
        site.wait_fault("list", "watchlist", "watch", "get")
    until.set()
    ended = time.monotonic()
    waits = [site.wait_due() for site in sites]
    for site, wait in zip(sites, waits):
        site.wait_routes(ended + wait + GRACE - time.monotonic())
    took = time.monotonic() - ended
    print(f"routes are right {took:.2f} s after the fault; allowed: {max(waits) + GRACE:.2f} s")
    for site in sites:
        site.check_events()
        assert site.daemon and site.daemon.running, site.daemon


def meet_in_watch(sites: list[FaultySite], fault: Fault) -> None:
    for site in sites:
        site.api.fail_next("watch", fault)
        site.api.end_watches()
    for site in sites:
        site.wait_fault("watch")
        site.change()
    for site in sites:
        site.wait_routes(RECOVERY)


def test_memory_is_what_it_was(sites: list[FaultySite]) -> None:
    """In one life of each daemon. The first rounds fill what is filled once."""
    faults = after(200, hang_up), after(2000, reset), between(1, error_event(410))
    before: dict[str, int] = {}
    for number in range(ROUNDS):
        meet_in_watch(sites, faults[number % len(faults)])
        time.sleep(PROOF)
        if number == ROUNDS // 3:
            before = {s.worker.name: s.daemon.memory("RssAnon") for s in sites if s.daemon}
    for site in sites:
        assert site.daemon
        now, then = site.daemon.memory("RssAnon"), before[site.worker.name]
        print(f"{site.worker.name}: {then} KiB, {now} KiB after {ROUNDS} rounds")
        assert now - then < GROWTH
        site.check_events()
