# SPDX-License-Identifier: GPL-2.0-or-later
"""HTTP/2, as API servers speak it with TLS: one connection carries everything, so what befalls it
befalls everything. nghttpx speaks it in front of a fake API server, which knows only HTTP/1.1."""

from typing import Generator

import pytest

from fake_access import Kubeconfig, Pki
from lab import Lab, Worker
from process import Process
from test_faults import PLACES, RECOVERY, FaultySite, Until, table
from waiting import poll

PORT = 6443
LISTS = {"list", "watchlist"}


class Http2Site(FaultySite):
    """A front of nghttpx is between the daemon and the server."""

    def __init__(self, worker: Worker, pki: Pki):
        super().__init__(worker, None, None)
        certificate, key = pki.certificate("front", "/CN=api", "IP:127.0.0.1")
        self.access = worker.folder / "access"
        self._command = [
            "nghttpx", "--conf=/dev/null", "--workers=1", "--no-ocsp",
            f"--frontend=127.0.0.1,{PORT}", f"--backend=127.0.0.1,{self.api.port}",
            f"--accesslog-file={self.access}", str(key), str(certificate),
        ]  # fmt: skip
        self.front = self.start_front()
        url = f"https://127.0.0.1:{PORT}"
        Kubeconfig(url, pki.ca, token="secret").write(worker.folder / "kubeconfig")

    def start_front(self) -> Process:
        front = self.worker.start(*self._command, name="nghttpx")
        front.wait_log("Created worker thread")
        return front

    def begin(self) -> None:
        """A daemon that has nothing left to do but to watch."""
        self.stop()
        self.start()
        self.wait_watch()
        self.wait_routes()
        self.new_events()
        self.api.requests.clear()

    def check_change(self) -> None:
        """One is carried out, and no list was needed for it."""
        self.change()
        self.wait_routes(RECOVERY)
        self.check_events()
        assert not LISTS & set(self.api.kinds())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[Http2Site, None, None]:
    """In protobuf, by WatchList: what a new API server speaks."""
    with Lab(workers=4) as lab:
        made = Http2Site(lab.workers[3], Pki(tmp_path_factory.mktemp("pki")))
        with made.api:
            made.start()
            made.wait_routes()
            made.new_events()
            yield made


def test_it_is_http2(site: Http2Site) -> None:
    site.begin()
    lines = site.access.read_text().splitlines()
    assert lines and all(" HTTP/2\" " in line for line in lines), lines


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", table(Until()))
def test_fault(site: Http2Site, name: str, place: str) -> None:
    until = Until()
    PLACES[place](site, table(until)[name])
    site.wait_fault("list", "watchlist", "watch", "get")
    until.set()
    site.wait_routes(RECOVERY)
    site.check_events()
    assert site.daemon and site.daemon.running


def test_the_connection_breaks(site: Http2Site) -> None:
    site.begin()
    site.front.kill()
    site.front = site.start_front()
    site.check_change()


def test_the_connection_is_to_end(site: Http2Site) -> None:
    """GOAWAY, as an API server sends it to spread its clients (--goaway-chance) and when it ends:
    what runs on it goes on, what comes next takes another."""
    site.begin()
    site.front.reload()
    site.front.wait_log("Graceful shutdown commencing")
    site.check_change()
    assert site.api.kinds() == []
    site.api.end_watches()
    poll(site.api.kinds, "another watch")
    site.check_change()
    assert site.api.kinds() == ["watch"]
