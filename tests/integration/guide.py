# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that the guides tell people to type, so that tests can type them."""

import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
MIGRATING = ROOT / "deploy/MIGRATING.md"


def guides_command(guide: str, beginning: str) -> str:
    """The command whose first line begins so, its lines joined; a comment after it is left out."""
    text = (ROOT / guide).read_text(encoding="utf-8").replace("\\\n", " ")
    line = next(line.strip() for line in text.splitlines() if line.strip().startswith(beginning))
    return line.partition(" #")[0]


def guides_loop(beginning: str) -> str:
    """The loop over routes of deploy/MIGRATING.md whose first line begins so, to its `done`."""
    lines = MIGRATING.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip().startswith(beginning))
    last = next(i for i in range(first, len(lines)) if lines[i].strip() == "done")
    return textwrap.dedent("\n".join(lines[first : last + 1]))
