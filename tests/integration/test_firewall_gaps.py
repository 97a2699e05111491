# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic stops when the real firewalls of Debian load, reload or flush their rules beside
ours: worst and median of 20 times are printed, and the median is held.

All of them run here: iptables on nf_tables, iptables-legacy, and firewalld on a D-Bus of its own.
They run in a private root, so that the machine's own settings are neither used nor changed; there
is no service manager in it, so what its units would run is run.
"""

import statistics
from typing import Generator

import pytest

from firewalld import start_firewalld
from gaps import Gaps, measure
from lab import INTERNET, NETWORK, Lab
from nodes_file import short_yaml
from private_root import PrivateRoot, cached_package
from traffic import echo

MEDIAN_MS = 50.0
READY = "Watching for new subnet leases"


@pytest.fixture
def two() -> Generator[Lab, None, None]:
    """Two workers with daemon and pod; who is outside and the second pod answer."""
    with Lab(workers=2) as lab:
        lab.add_pods()
        lab.write_nodes_file(short_yaml(lab.nodes))
        second = lab.workers[1]
        assert second.pod
        echo(lab.outside, INTERNET)
        echo(second.pod, second.node.pod_address(10))
        yield lab


def start_daemons(lab: Lab) -> None:
    for daemon in lab.start_daemons():
        daemon.wait_log(READY)


def assert_none(found: dict[str, Gaps]) -> None:
    for line, gaps in found.items():
        assert max(gaps.whole) == 0, f"{line}: {gaps.whole}"


# ---- iptables, on nf_tables and legacy ----

# As a script of an administrator loads them, beside kube-proxy say.
IPTABLES_RULES = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:OWN - [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -j OWN
-A OWN -p tcp -m tcp --dport 25 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:OWN - [0:0]
-A POSTROUTING -j OWN
-A OWN -s 172.30.0.0/16 -j MASQUERADE
COMMIT
"""


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_iptables_restore(two: Lab, variant: str) -> None:
    root = PrivateRoot(two.workers[0])
    root.write("/etc/rules.v4", IPTABLES_RULES)
    restore = ("sh", "-c", f"iptables-{variant}-restore </etc/rules.v4")
    root.run(*restore)
    start_daemons(two)
    found = measure(two, lambda: root.run(*restore), f"iptables-{variant}-restore")
    assert_none(found)
    assert "OWN" in root.run(f"iptables-{variant}-save").stdout


# ---- firewalld ----

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
