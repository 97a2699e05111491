# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd does for a service of Type=notify: listens, stops, reloads (sd_notify(3))."""

import os
import signal
import socket
from pathlib import Path
from types import TracebackType
from typing import Callable

from lab import Worker
from process import Process
from waiting import poll


class Supervisor:
    """Context manager: a socket in the worker's folder, and what was said to it, in order."""

    def __init__(self, worker: Worker):
        self._worker = worker
        self._path = worker.folder / "notify"
        self.said: list[str] = []

    def __enter__(self) -> "Supervisor":
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self._path))
        self._socket.setblocking(False)
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._socket.close()

    def start_daemon(self, *arguments: str, watchdog: float = 0) -> Process:
        """`watchdog`: seconds."""
        variables = [f"NOTIFY_SOCKET={self._path}"]
        if watchdog:
            variables.append(f"WATCHDOG_USEC={int(watchdog * 1e6)}")
        command = self._worker.start_command(*arguments)
        return self._worker.start("env", *variables, *command, name="hostgwd")

    def listen(self) -> list[str]:
        """Takes what waits into `said`, and returns that."""
        fresh = []
        while True:
            try:
                fresh.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                self.said += fresh
                return fresh

    def wait(self, what: Callable[[str], bool] | str, seen: int = 0) -> str:
        """The first message from number `seen` on that is, or begins with, `what`."""
        matches = what if callable(what) else lambda text: text.startswith(what)

        def probe() -> str | None:
            self.listen()
            return next((text for text in self.said[seen:] if matches(text)), None)

        return poll(probe, f"message {what!r} among {self.said[seen:]}")


def freeze(process: Process) -> None:
    """SIGSTOP: a loop that does not turn, from one moment to the next."""
    os.kill(process.pid, signal.SIGSTOP)
    stat = Path(f"/proc/{process.pid}/stat")
    poll(lambda: stat.read_text("ascii").rpartition(")")[2].split()[0] == "T", "it is stopped")


def thaw(process: Process) -> None:
    os.kill(process.pid, signal.SIGCONT)
