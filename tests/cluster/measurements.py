# SPDX-License-Identifier: GPL-2.0-or-later
"""What a run takes: times that tests hand in, and memory and CPU of the daemons, as of the end of
each test and of the moments before they are replaced. Kept in the cluster's folder, as each file of
tests is a program of its own."""

import json
import os
import re
import time
from typing import Any

from cluster import Cluster

TICKS = os.sysconf("SC_CLK_TCK")


class Measurements:
    def __init__(self, cluster: Cluster):
        self._cluster = cluster
        self._path = cluster.folder / "measurements.json"

    def begin(self) -> None:
        """What an earlier run has left does not count."""
        self._path.unlink(missing_ok=True)
        self._write(self._read())

    def _read(self) -> dict[str, Any]:
        if not self._path.exists():
            return {"begun": time.time(), "times": {}, "daemons": {}}
        return json.loads(self._path.read_text(encoding="utf-8"))

    def _write(self, all_of_it: dict[str, Any]) -> None:
        self._path.write_text(json.dumps(all_of_it, indent=1), encoding="utf-8")

    def note_time(self, what: str, seconds: float) -> None:
        known = self._read()
        known["times"].setdefault(what, []).append(seconds)
        self._write(known)

    def sample(self) -> None:
        """What the daemons that run now have used up to now. To be called before one is ended."""
        known = self._read()
        for machine in self._cluster.machines:
            if machine.is_up:
                of_machine = known["daemons"].setdefault(machine.name, {})
                of_machine.update(_daemons(machine.inside_run))
        self._write(known)

    def table(self) -> str:
        known = self._read()
        lines = ["", "seconds  what"]
        for what, times in known["times"].items():
            lines.append(f"{max(times):7.2f}  {what}, the longest of {len(times)}")
        run = time.time() - known["begun"]
        lines += ["", f"daemons over {run:.0f} s"]
        lines.append("node    ran  peak KiB  CPU ms  CPU ms per minute")
        for name, daemons in sorted(known["daemons"].items()):
            peak = max(daemon["peak"] for daemon in daemons.values())
            cpu = sum(daemon["cpu"] for daemon in daemons.values())
            lines.append(
                f"{name:6} {len(daemons):4} {peak:9} {cpu * 1000:7.0f} {cpu * 60000 / run:18.1f}"
            )
        return "\n".join(lines)


def _daemons(run: Any) -> dict[str, dict[str, float]]:
    """By process id and start time: peak of resident memory in KiB, and seconds of CPU."""
    script = 'for pid in $(pidof hostgwd); do cd /proc/$pid && cat stat && grep VmHWM status; done'
    found = {}
    text = run("sh", "-c", script, check=False).stdout
    for stat, peak in re.findall(r"^(\d+ \(hostgwd\) .*)\nVmHWM:\s+(\d+) kB$", text, re.MULTILINE):
        pid, _, rest = stat.partition(" (hostgwd) ")
        fields = rest.split()
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        found[f"{pid} {fields[19]}"] = {"peak": int(peak), "cpu": cpu}
    return found
