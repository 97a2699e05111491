# SPDX-License-Identifier: GPL-2.0-or-later
"""kube_watch_print, the Kubernetes library alone, and nodes for it to see."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from fake_apiserver import FakeApiServer, make_node
from waiting import PATIENCE, poll, poll_equal

PROGRAM = os.environ.get("KUBE_WATCH_PRINT", "build/tests/integration/kube_watch_print_checked")

A = "node a 10.1.1.0/24 via 192.0.2.1"
B = "node b 10.1.2.0/24 via 192.0.2.2"
C = "node c 10.1.3.0/24 via 192.0.2.3"


def node(name: str, **annotations: str) -> dict[str, Any]:
    number = "abcdefgh".index(name) + 1
    return make_node(name, f"10.1.{number}.0/24", f"192.0.2.{number}", **annotations)


class Client:
    """kube_watch_print, running. Ends cleanly, with no byte of memory lost, or the test fails."""

    def __init__(self, folder: Path, *arguments: str, environment: dict[str, str] | None = None):
        self._log = folder / f"client-{time.monotonic_ns()}.log"
        with open(self._log, "wb") as stream:
            self._process = subprocess.Popen(
                [PROGRAM, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(PATIENCE)
        finally:
            self._process.kill()
        if kind is None:
            assert code == 0, self.text()

    def text(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def lines(self) -> list[str]:
        return self.text().splitlines()

    def wait_lines(self, *lines: str) -> None:
        """These are all that it has printed, in this order."""
        poll_equal(self.lines, list(lines), "what the client prints")

    def wait_line(self, pattern: str, count: int = 1) -> str:
        regex = re.compile(pattern)

        def probe() -> list[str]:
            found = [line for line in self.lines() if regex.search(line)]
            return found if len(found) >= count else []

        try:
            return poll(probe, f"{count} lines {pattern!r}")[-1]
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.text()}") from None

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def wait_exit(self) -> int:
        return self._process.wait(PATIENCE)


FIRST = ["list_begin", A, B, "list_end 2"]


def wait_watch(api: FakeApiServer, count: int = 1) -> None:
    poll(lambda: api.kinds().count("watch") >= count, f"{count} watches")
