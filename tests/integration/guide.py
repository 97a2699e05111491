# SPDX-License-Identifier: GPL-2.0-or-later
"""The commands that deploy/MIGRATING.md tells people to type, so that tests can type them."""

import textwrap
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "deploy/MIGRATING.md"


def guides_loop(beginning: str) -> str:
    """The loop over routes whose first line begins so, to its `done`."""
    lines = GUIDE.read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.strip().startswith(beginning))
    last = next(i for i in range(first, len(lines)) if lines[i].strip() == "done")
    return textwrap.dedent("\n".join(lines[first : last + 1]))
