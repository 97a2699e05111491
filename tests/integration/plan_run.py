# SPDX-License-Identifier: GPL-2.0-or-later
"""`hostgwd plan` in a lab's namespaces."""

import subprocess

from lab import Worker, hostgwd
from namespace import Namespace
from process import RouteMonitor

Done = subprocess.CompletedProcess[str]


def flags(worker: Worker) -> list[str]:
    """Those of the daemon that start_daemon runs."""
    return worker.start_command()[1:]


def run_plan(worker: Worker, *arguments: str) -> Done:
    return worker.run(hostgwd(), "plan", *flags(worker), *arguments, check=False)


def plan(worker: Worker, *arguments: str) -> str:
    """What it prints; it must go well, and without a complaint."""
    done = run_plan(worker, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def batch(namespace: Namespace, text: str) -> None:
    """Feeds it to `ip -batch -`, which ends at the first command that fails."""
    command = ["ip", "-n", namespace.netns, "-batch", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{done.stderr} of\n{text}"


def monitor(worker: Worker) -> RouteMonitor:
    """Of all that a plan is about."""
    return worker.monitor_routes("monitor", "route", "nexthop")
