# SPDX-License-Identifier: GPL-2.0-or-later
"""What a lab made on this machine, so that it is removed again.

A lab has one folder in /run. It lists namespaces by name and processes by id and
start time (an id alone may since belong to another program). Normally the lab
removes them itself; had its process been killed, the next lab does.
"""

import os
import shutil
import signal
import subprocess
from itertools import count
from pathlib import Path

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


class Record:
    """The folder of one lab: /run/hgtPID-N, and what is recorded in it."""

    def __init__(self, folder: Path):
        self.folder = folder

    @classmethod
    def create(cls) -> "Record":
        remove_leftovers()
        record = cls(RUN / f"{PREFIX}{os.getpid()}-{next(_numbers)}")
        record.folder.mkdir()
        record._append("owner", f"{os.getpid()} {start_time(os.getpid())}")
        return record

    def add_namespace(self, name: str) -> None:
        """To be called before it is made: what is recorded but missing does no harm."""
        self._append("namespaces", name)

    def add_process(self, pid: int) -> None:
        self._append("processes", f"{pid} {start_time(pid)}")

    def owner_is_gone(self) -> bool:
        return not self._alive("owner")

    def remove(self) -> None:
        for pid in self._alive("processes"):
            os.kill(pid, signal.SIGKILL)
        poll(lambda: not self._alive("processes"), "the lab's processes are gone")
        for name in self._lines("namespaces"):
            if Path("/run/netns", name).exists():
                subprocess.run(["ip", "netns", "del", name], check=True)
        shutil.rmtree(self.folder)

    def _append(self, file: str, line: str) -> None:
        with open(self.folder / file, "a", encoding="ascii") as stream:
            stream.write(line + "\n")

    def _lines(self, file: str) -> list[str]:
        path = self.folder / file
        return path.read_text(encoding="ascii").splitlines() if path.exists() else []

    def _alive(self, file: str) -> list[int]:
        pairs = (line.split() for line in self._lines(file))
        return [int(pid) for pid, started in pairs if start_time(int(pid)) == started]


def remove_leftovers() -> None:
    """Removes the labs of test runs that were killed."""
    for folder in RUN.glob(f"{PREFIX}[0-9]*-[0-9]*"):
        record = Record(folder)
        if (folder / "owner").exists() and record.owner_is_gone():
            record.remove()
