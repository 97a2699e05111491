# SPDX-License-Identifier: GPL-2.0-or-later
"""How long traffic stops when rules are loaded, reloaded or flushed beside ours: worst and median of
20 times are printed, and the median is held.

Of Debian's firewalls: what nftables.service runs, and iptables on nf_tables and legacy; all of them
run here. ufw and firewalld: test_firewall_managers. They run in a private root, so that the machine's
own settings are neither used nor changed; there is no service manager in it, so the commands of
units are run as they stand there.
"""

import itertools
import re
import shlex
from pathlib import Path
from typing import Generator

import pytest

from gaps import answering_pair, assert_none, assert_short, measure, start_daemons
from lab import Lab
from namespace import Namespace
from private_root import PrivateRoot
from traffic import converse, echo, wait_new_flow


@pytest.fixture
def two() -> Generator[Lab, None, None]:
    with answering_pair() as lab:
        yield lab


# ---- nftables.service ----

UNIT = Path("/lib/systemd/system/nftables.service")

# /etc/nftables.conf as the package has it, but with a rule for connections.
NFTABLES_CONF = """\
#!/usr/sbin/nft -f

flush ruleset

table inet filter {
	chain input {
		type filter hook input priority filter;
	}
	chain forward {
		type filter hook forward priority filter;
		ct state invalid counter
	}
	chain output {
		type filter hook output priority filter;
	}
}
"""


def unit_command(verb: str) -> list[str]:
    found = re.search(rf"^Exec{verb}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, UNIT
    return shlex.split(found[1])


@pytest.mark.parametrize("verbs", [("Reload",), ("Stop", "Start")], ids=["reload", "restart"])
def test_nftables_service(two: Lab, verbs: tuple[str, ...]) -> None:
    root = PrivateRoot(two.workers[0])
    root.write("/etc/nftables.conf", NFTABLES_CONF)
    root.run(*unit_command("Start"))
    start_daemons(two)

    def act() -> None:
        for verb in verbs:
            root.run(*unit_command(verb))

    assert_short(measure(two, act, " and ".join(verbs) + " of nftables.service"))


# ---- iptables, on nf_tables and legacy ----

# As a script of an administrator loads them, beside kube-proxy say.
IPTABLES_RULES = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD {policy} [0:0]
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


def iptables(lab: Lab, variant: str, policy: str) -> tuple[PrivateRoot, tuple[str, ...]]:
    """The first worker's, loaded, and the command that loads them again."""
    root = PrivateRoot(lab.workers[0])
    root.write("/etc/rules.v4", IPTABLES_RULES.format(policy=policy))
    restore = ("sh", "-c", f"iptables-{variant}-restore </etc/rules.v4")
    root.run(*restore)
    return root, restore


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_iptables_restore(two: Lab, variant: str) -> None:
    root, restore = iptables(two, variant, "ACCEPT")
    start_daemons(two)
    assert_none(measure(two, lambda: root.run(*restore), f"iptables-{variant}-restore"))
    assert "OWN" in root.run(f"iptables-{variant}-save").stdout


def test_iptables_restore_that_drops(two: Lab) -> None:
    """Each load takes our rules from FORWARD, where whatever nobody accepts is dropped."""
    root, restore = iptables(two, "nft", "DROP")
    start_daemons(two)
    assert_short(measure(two, lambda: root.run(*restore), "iptables-nft-restore, policy drop"))


def test_iptables_forward_flushed(two: Lab) -> None:
    root, _ = iptables(two, "nft", "DROP")
    start_daemons(two)
    flush = ("iptables-nft", "-F", "FORWARD")
    assert_short(measure(two, lambda: root.run(*flush), "iptables -F FORWARD, policy drop"))


def test_iptables_policy(two: Lab) -> None:
    """To drop, as Docker sets it, and back: our rules stay, so neither closes anything."""
    root, _ = iptables(two, "nft", "DROP")
    start_daemons(two)
    policies = itertools.cycle(["ACCEPT", "DROP"])

    def act() -> None:
        root.run("iptables-nft", "-P", "FORWARD", next(policies))

    assert_none(measure(two, act, "iptables -P FORWARD ACCEPT, DROP"))


FOREIGN = "203.0.113.1"  # behind the first worker, but no pod


@pytest.fixture
def outsider(two: Lab) -> Namespace:
    """Somebody who sends to pods and elsewhere through the first worker."""
    first, second = two.workers
    made, other = two.host("outsider", "192.168.2.61"), two.host("other", "192.168.2.60")
    other.batch(f"address add {FOREIGN}/32 dev lo")
    first.batch(f"route add {FOREIGN}/32 via {other.address}")
    made.batch(
        *(f"route add {w.node.pod_cidr} via {first.address}" for w in (first, second)),
        f"route add {FOREIGN}/32 via {first.address}",
    )
    assert first.pod
    echo(first.pod, first.node.pod_address(10))
    echo(other, FOREIGN)
    wait_new_flow(made, FOREIGN)  # nothing but a firewall keeps the two apart
    return made


def test_iptables_round_trip(two: Lab, outsider: Namespace) -> None:
    """Save and restore of all that stands there, ours with it, opens and closes nothing."""
    root, _ = iptables(two, "nft", "DROP")
    start_daemons(two)
    first, second = two.workers
    pods = [worker.node.pod_address(10) for worker in (first, second)]
    for address in pods:
        wait_new_flow(outsider, address)
    saved = root.run("iptables-nft-save").stdout
    knocking = converse(outsider, "once", FOREIGN, 1, 1)
    entering = [converse(outsider, "once", address, 1, 3) for address in pods]
    trip = ("sh", "-c", "iptables-nft-save >/run/saved && iptables-nft-restore </run/saved")
    assert_none(measure(two, lambda: root.run(*trip), "iptables-nft-save | iptables-nft-restore"))
    report = knocking.report()
    assert report["lost"] == report["sent"], "let in where nobody was let in before"
    for traffic in entering:
        assert traffic.report()["lost"] == 0, traffic.name
    assert root.run("iptables-nft-save").stdout.count("\n-A ") == saved.count("\n-A ")
