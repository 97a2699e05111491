# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs that run in the background of a test, hostgwd above all."""

import re
import signal
import subprocess
from pathlib import Path
from typing import Sequence

from record import Record
from waiting import PATIENCE, poll


class Process:
    """A program whose output goes to a file. It is recorded, so the lab's end is its end."""

    def __init__(self, record: Record, command: Sequence[str], log: Path):
        self.command = list(command)
        self.log_path = log
        with open(log, "ab") as stream:
            self._popen = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
        record.add_process(self._popen.pid)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen.poll() is None

    def memory(self, field: str) -> int:
        """A line of /proc/PID/status in KiB: VmHWM, RssAnon (proc(5))."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"^{field}:\s+(\d+) kB$", text, re.MULTILINE)
        assert found, f"{field} is not in {text}"
        return int(found[1])

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def log_end(self) -> int:
        """A position for wait_log(since=...): only what comes later counts."""
        return len(self.log())

    def wait_log(self, pattern: str, seconds: float = PATIENCE, since: int = 0) -> re.Match[str]:
        """Waits for a line that `pattern` is found in; fails at once if the program ends."""
        regex = re.compile(pattern, re.MULTILINE)

        def probe() -> re.Match[str] | None:
            ended = not self.running
            found = regex.search(self.log(), since)
            assert found or not ended, f"ended before it logged {pattern!r}:\n{self.log()}"
            return found

        return poll(probe, f"log line {pattern!r} in {self.log_path}", seconds)

    def wait_exit(self, seconds: float = PATIENCE) -> int:
        """The exit code; negative: the signal that ended it."""
        return self._popen.wait(seconds)

    def stop(self, seconds: float = PATIENCE) -> int:
        """SIGTERM, as systemd and kubelet send it; returns the exit code."""
        self._popen.terminate()
        return self.wait_exit(seconds)

    def interrupt(self) -> int:
        """SIGINT, at which ping prints its summary; returns the exit code."""
        self._popen.send_signal(signal.SIGINT)
        return self.wait_exit()

    def reload(self) -> None:
        """SIGHUP, as many daemons take it."""
        self._popen.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL: a crash, as far as the daemon's cleaning up goes."""
        self._popen.kill()
        self.wait_exit()


class RouteMonitor(Process):
    """`ip monitor` in a namespace: proves that nothing changed, without waiting for it."""

    MARK = "203.0.113.255"
    # What ip says at its start of a namespace that another test is just making.
    HALF_MADE = "Error: Peer netns reference is invalid."

    def __init__(self, record: Record, namespace: str, log: Path, *what: str):
        super().__init__(record, ["ip", "-n", namespace, "-N", *what], log)
        self._namespace = namespace
        poll(self._listens, "ip monitor has joined its group")

    def _listens(self) -> bool:
        sockets = Path(f"/proc/{self.pid}/net/netlink").read_text(encoding="ascii").splitlines()
        rows = [line.split() for line in sockets]  # sk Eth Pid Groups ...
        return any(row[1:3] == ["0", str(self.pid)] and int(row[3], 16) for row in rows[1:])

    def events(self) -> list[str]:
        """All changes up to now. The kernel tells them in order, so once a
        change made here arrives, whatever happened before it has arrived too."""
        seen = self.log_end()
        for verb in ("add", "del"):
            mark = f"ip -n {self._namespace} route {verb} blackhole {self.MARK}"
            subprocess.run(mark.split(), check=True)
        self.wait_log(rf"Deleted .*{re.escape(self.MARK)}", since=seen)
        lines = (line.strip() for line in self.log().splitlines())
        return [line for line in lines if self.MARK not in line and line != self.HALF_MADE]
