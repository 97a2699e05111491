# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab made on this machine, so that it is removed again.

A lab has one folder in /run. It lists namespaces by name, processes by id and
start time (an id alone may since belong to another program), and control groups
by path. Normally the lab removes them itself; had its process been killed, the
next lab does. One that is meant to stay has no owner. Several labs may be there at
a time, each with names of its own.
"""

import fcntl
import os
import shutil
import signal
import subprocess
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Iterator

from waiting import poll

RUN = Path("/run")
PREFIX = "hgt"
_numbers = count()


def start_time(pid: int) -> str | None:
    """In clock ticks since boot (proc(5)); None if no such process runs."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat.rpartition(")")[2].split()  # the name in parentheses may hold anything
    return None if fields[0] == "Z" else fields[19]


@contextmanager
def one_at_a_time(parent: Path = RUN) -> Iterator[None]:
    """Folders come and go under a lock on the one above: nobody sees one that is half written or
    half removed, and one that was left over is removed by one lab alone."""
    lock = os.open(parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class Record:
    """The folder of one lab: /run/hgtPID-N, and what is recorded in it."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def create(cls) -> "Record":
        record = cls(RUN / f"{PREFIX}{os.getpid()}-{next(_numbers)}")
        with one_at_a_time():
            remove_leftovers()
            record.folder.mkdir()
            record._append("owner", f"{os.getpid()} {start_time(os.getpid())}")
        return record

    def add_namespace(self, name: str) -> None:
        """To be called before it is made: what is recorded but missing does no harm."""
        self._append("namespaces", name)

    def add_process(self, pid: int) -> None:
        self._append("processes", f"{pid} {start_time(pid)}")

    def add_group(self, path: Path) -> None:
        """A control group, to be called before it is made."""
        self._append("groups", str(path))

    def owner_is_gone(self) -> bool:
        return not self._alive("owner")

    def remove(self) -> None:
        self._remove_contents()
        with one_at_a_time():
            shutil.rmtree(self.folder)

    def remove_leftover(self) -> None:
        """The same by another lab, which holds the lock."""
        self._remove_contents()
        shutil.rmtree(self.folder)

    def _remove_contents(self) -> None:
        for pid in self._alive("processes"):
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not self._alive("processes"), "the lab's processes are gone", 30)
        for group in self._lines("groups"):
            remove_group(Path(group))
        for name in self._lines("namespaces"):
            if Path("/run/netns", name).exists():
                subprocess.run(["ip", "netns", "del", name], check=True)

    def _append(self, file: str, line: str) -> None:
        with open(self.folder / file, "a", encoding="ascii") as stream:
            stream.write(line + "\n")

    def _lines(self, file: str) -> list[str]:
        path = self.folder / file
        return path.read_text(encoding="ascii").splitlines() if path.exists() else []

    def _alive(self, file: str) -> list[int]:
        pairs = (line.split() for line in self._lines(file))
        return [int(pid) for pid, started in pairs if start_time(int(pid)) == started]


def remove_group(group: Path) -> None:
    """With those below it; no process may be left in them."""
    for folder, _, _ in os.walk(group, topdown=False):
        os.rmdir(folder)


def remove_leftovers() -> None:
    """Removes the labs of test runs that were killed."""
    for folder in RUN.glob(f"{PREFIX}[0-9]*-[0-9]*"):
        record = Record(folder)
        if (folder / "owner").exists() and record.owner_is_gone():
            record.remove_leftover()
