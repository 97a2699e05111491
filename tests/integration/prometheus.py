# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's Prometheus and promtool, and the text that they read."""

import functools
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]

Samples = dict[str, float]  # 'name{label="value"}': value


@functools.cache
def folder() -> Path:
    """Where the programs are; they are fetched on a machine that has none."""
    script = ROOT / "tests/prometheus.sh"
    done = subprocess.run([script], stdout=subprocess.PIPE, text=True, check=True, timeout=280)
    return Path(done.stdout.strip())


def program(name: str) -> str:
    return str(folder() / name)


def promtool(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [program("promtool"), *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def parse(text: str) -> Samples:
    """The samples of an exposition."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}
