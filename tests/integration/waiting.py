# SPDX-License-Identifier: GPL-2.0-or-later
"""Waiting for something to become true, with a deadline instead of a guessed pause."""

import time
from typing import Callable, TypeVar

T = TypeVar("T")

PATIENCE = 10.0  # seconds; generous, for loaded machines: a passing test never uses it up


def poll(probe: Callable[[], T], what: str, seconds: float = PATIENCE) -> T:
    """Calls `probe` until its result is true and returns that.

    The AssertionError after `seconds` says what was waited for and what was seen last.
    """
    __tracebackhide__ = True  # a failure is shown where it was waited for
    deadline = time.monotonic() + seconds
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; last seen: {seen!r}")
        time.sleep(0.005)


def poll_equal(probe: Callable[[], T], wanted: T, what: str, seconds: float = PATIENCE) -> None:
    """Calls `probe` until it returns `wanted`."""
    __tracebackhide__ = True  # a failure is shown where it was waited for
    deadline = time.monotonic() + seconds
    while (seen := probe()) != wanted:
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}:\n{seen!r}\nis not\n{wanted!r}")
        time.sleep(0.005)
