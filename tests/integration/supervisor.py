# SPDX-License-Identifier: GPL-2.0-or-later
"""What systemd does for a service of Type=notify: listens, stops, reloads (sd_notify(3))."""

import ctypes
import os
import socket
from contextlib import contextmanager
from types import TracebackType
from typing import Callable, Iterator

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


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 17, 0x4206, 0x4207  # linux/ptrace.h
WAIT_ALL = 0x40000000  # __WALL, linux/wait.h


def ptrace(request: int, process: Process) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    if libc.ptrace(request, process.pid, None, None) < 0:
        raise OSError(ctypes.get_errno(), f"ptrace request {request:#x}")


@contextmanager
def wedged(process: Process) -> Iterator[None]:
    """Its first thread, which is the loop's, stands still from one moment to the next; what others
    it has run on. Not SIGSTOP, which stops them all, and would hide one that says that all is well
    on the loop's behalf. While it lasts `process` is not to be asked whether it runs."""
    ptrace(PTRACE_SEIZE, process)
    try:
        ptrace(PTRACE_INTERRUPT, process)
        _, status = os.waitpid(process.pid, WAIT_ALL)
        assert os.WIFSTOPPED(status), status
        yield
    finally:
        ptrace(PTRACE_DETACH, process)
