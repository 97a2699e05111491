# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic stops when ufw and firewalld, as Debian has them, reload or change their policy:
as in test_firewall_gaps. Both run here, in a private root; firewalld on a D-Bus of its own."""

import itertools
import statistics
from typing import Generator

import pytest

from firewalld import start_firewalld
from gaps import MEDIAN_MS, answering_pair, assert_short, measure, start_daemons
from lab import NETWORK, Lab
from private_root import PrivateRoot, cached_package


@pytest.fixture
def two() -> Generator[Lab, None, None]:
    with answering_pair() as lab:
        yield lab


UFW = {
    "ufw reload": ["reload"],
    "ufw disable, enable": ["disable", "--force enable"],
    "ufw default routed": ["default allow routed", "default deny routed"],
}


@pytest.mark.parametrize("title", UFW)
def test_ufw(two: Lab, title: str) -> None:
    """It drops whatever is forwarded, as Debian configures it. A command a time, in turn."""
    root = PrivateRoot(two.workers[0])
    root.run("update-alternatives", "--set", "iptables", "/usr/sbin/iptables-nft")
    root.run("update-alternatives", "--set", "ip6tables", "/usr/sbin/ip6tables-nft")
    root.run("ufw", "--force", "enable")
    start_daemons(two)

    commands = itertools.cycle(UFW[title])
    assert_short(measure(two, lambda: root.run("ufw", *next(commands).split()), title))


def test_firewalld_reload(two: Lab) -> None:
    """A reload refuses new flows as long as it takes: firewalld's own doing, whoever else has
    rules. So they are held to get through once it is done; flows that last always."""
    root = PrivateRoot(two.workers[0], cached_package("firewalld"))
    # Pods are trusted: what firewalld's zones do not allow, no rule of another table can.
    start_firewalld(root, "--zone=trusted", f"--add-source={NETWORK}")
    start_daemons(two)
    reload = ("firewall-cmd", "--reload")
    found = measure(two, lambda: root.run(*reload), "firewall-cmd --reload")
    for line, gaps in found.items():
        counted = gaps.after if line.startswith("new") else gaps.whole
        assert statistics.median(counted) < MEDIAN_MS, f"{line}: {counted}"
