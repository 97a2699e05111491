# SPDX-License-Identifier: GPL-2.0-or-later
"""For all tests in Python: ends tidily when told to, and shows the daemons' logs of a failure."""

import signal
from typing import Any, Generator

import pytest

from lab import Lab, Network


def pytest_configure() -> None:
    # As Ctrl-C does: an exception, so that labs are removed on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.default_int_handler)


@pytest.fixture
def lab() -> Generator[Lab, None, None]:
    """Five workers, nothing running."""
    with Lab() as made:
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any) -> Generator[None, Any, None]:
    outcome = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        for value in item.funcargs.values():
            used = getattr(value, "lab", value)
            if isinstance(used, Network):
                for name, text in used.logs().items():
                    report.sections.append((name, text[-4000:]))
