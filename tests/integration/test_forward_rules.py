# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods reach each other through the FORWARD that Docker, ufw and administrators close, and nobody
else does."""

import re
from typing import Generator

import pytest

from firewalld import start_firewalld
from lab import Lab, Worker, hostgwd
from nodes_file import short_yaml
from private_root import PrivateRoot, cached_package
from process import Process
from traffic import echo, new_flow_answered, wait_new_flow
from waiting import poll_equal

READY = "Watching for new subnet leases"
OURS = [
    '-A FORWARD -s 10.1.0.0/16 -m comment --comment "hostgwd: from pods" -j ACCEPT',
    '-A FORWARD -d 10.1.0.0/16 -m comment --comment "hostgwd: to pods" -j ACCEPT',
]

# What Docker 28 loads for its default bridge.
DOCKER = """\
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
COMMIT
"""


@pytest.fixture
def two() -> Generator[Lab, None, None]:
    """Two workers; both pods answer."""
    with Lab(workers=2) as lab:
        lab.add_pods()
        lab.write_nodes_file(short_yaml(lab.nodes))
        for worker in lab.workers:
            assert worker.pod
            echo(worker.pod, pod_address(worker))
        yield lab


def pod_address(worker: Worker) -> str:
    return worker.node.pod_address(10)


def start(lab: Lab, *flags: str) -> list[Process]:
    daemons = lab.start_daemons(*flags)
    for daemon in daemons:
        daemon.wait_log(READY)
    for worker in lab.workers:
        worker.wait_routes(lab.nodes)
    return daemons


def stop(daemons: list[Process]) -> None:
    for daemon in daemons:
        assert daemon.stop() == 0


def assert_cut_off(lab: Lab) -> None:
    first, second = lab.workers
    assert first.pod and second.pod
    assert not new_flow_answered(first.pod, pod_address(second), 0.5)
    assert not new_flow_answered(second.pod, pod_address(first), 0.5)


def wait_connected(lab: Lab) -> None:
    first, second = lab.workers
    assert first.pod and second.pod
    wait_new_flow(first.pod, pod_address(second))
    wait_new_flow(second.pod, pod_address(first))


def forward(worker: Worker) -> list[str]:
    """The rules of FORWARD, its policy first."""
    return worker.run("iptables-nft", "-S", "FORWARD").stdout.splitlines()


def iptables(worker: Worker, *commands: str) -> None:
    for command in commands:
        worker.run("iptables-nft", *command.split())


def restore(worker: Worker, rules: str) -> None:
    worker.run("sh", "-c", 'printf %s "$0" | iptables-nft-restore', rules)


def saved(worker: Worker) -> str:
    """Without the counters."""
    script = "iptables-nft-save | sed -e '/^#/d' -e 's/ \\[[0-9:]*\\]$//'"
    return worker.run("sh", "-c", script).stdout


def test_docker(two: Lab) -> None:
    first, second = two.workers
    assert first.pod
    for worker in two.workers:
        restore(worker, DOCKER)
    before = saved(first)
    # The routes alone do not do it; nor does what our own table accepts.
    stop(start(two, "--iptables-forward-rules=false"))
    assert saved(first) == before
    assert_cut_off(two)

    daemons = start(two)
    wait_connected(two)
    assert forward(first)[-2:] == OURS
    # What Docker's users write into DOCKER-USER counts before ours.
    iptables(second, f"-I DOCKER-USER -s {pod_address(first)} -j DROP")
    assert not new_flow_answered(first.pod, pod_address(second), 0.5)
    iptables(second, f"-D DOCKER-USER -s {pod_address(first)} -j DROP")
    wait_connected(two)

    # They stay without the daemon, and go when they are not wanted any more.
    stop(daemons)
    wait_connected(two)
    stop(start(two, "--iptables-forward-rules=false"))
    assert saved(first) == before
    assert_cut_off(two)


def test_cleanup_takes_ours_away_and_leaves_theirs(two: Lab) -> None:
    """What a look says would go is what goes; Docker's rules stay as they were."""
    first = two.workers[0]
    cleanup = [hostgwd(), "cleanup", *first.host_arguments()]
    restore(first, DOCKER)
    before = saved(first), first.run("nft", "-s", "list", "ruleset").stdout
    stop(start(two))
    assert forward(first)[-2:] == OURS
    with_ours = saved(first)
    dry = first.run(*cleanup, "--dry-run").stdout
    assert "would remove our rules in iptables' chain FORWARD" in dry
    assert saved(first) == with_ours
    done = first.run(*cleanup).stdout
    assert "removed our rules in iptables' chain FORWARD" in done
    assert (saved(first), first.run("nft", "-s", "list", "ruleset").stdout) == before


def befall(worker: Worker, what: str) -> None:
    """Something that happens to iptables' rules on a living host."""
    if what == "flushed":
        iptables(worker, "-F FORWARD")
    elif what == "all flushed":
        iptables(worker, "-F", "-X", "-P FORWARD DROP")
    elif what == "policy reloaded":
        iptables(worker, "-P FORWARD ACCEPT", "-F FORWARD", "-P FORWARD DROP")
    elif what == "restored from a file":
        restore(worker, "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")
    elif what == "nft flush ruleset":
        worker.run("nft", "flush", "ruleset")
        iptables(worker, "-P FORWARD DROP")
    else:
        assert what == "one of ours deleted"
        iptables(worker, "-D FORWARD 1")


@pytest.mark.parametrize(
    "what",
    [
        "flushed",
        "all flushed",
        "policy reloaded",
        "restored from a file",
        "nft flush ruleset",
        "one of ours deleted",
    ],
)
def test_they_come_back(two: Lab, what: str) -> None:
    for worker in two.workers:
        iptables(worker, "-P FORWARD DROP")
    daemons = start(two)
    wait_connected(two)
    for worker in two.workers:
        befall(worker, what)
    for worker in two.workers:
        wanted = ["-P FORWARD DROP", *OURS]
        poll_equal(lambda w=worker: sorted(forward(w)), sorted(wanted), f"FORWARD of {worker.name}")
    wait_connected(two)
    stop(daemons)


def test_save_and_restore_opens_and_closes_nothing(two: Lab) -> None:
    """The daemon is stopped meanwhile, so that it can put nothing right."""
    first = two.workers[0]
    assert first.pod
    # Something that is forwarded too and is no pod.
    first.pod.batch("address add 172.20.0.10/24 dev eth0")
    first.batch("route add 172.20.0.0/24 dev cni0")
    two.outside.batch(f"route add 172.20.0.0/24 via {first.address}")
    echo(first.pod, "172.20.0.10")
    wait_new_flow(two.outside, "172.20.0.10")

    for worker in two.workers:
        iptables(worker, "-P FORWARD DROP", "-A FORWARD -p tcp -j LOG")
    stop(start(two))
    before = [saved(worker) for worker in two.workers]
    for worker in two.workers:
        for _ in range(3):
            worker.run("sh", "-c", "iptables-nft-save >saved && iptables-nft-restore <saved; rm saved")
    assert [saved(worker) for worker in two.workers] == before
    wait_connected(two)
    assert not new_flow_answered(two.outside, "172.20.0.10", 0.5)
    # ... and to a new daemon they are its own.
    daemons = start(two)
    assert [saved(worker) for worker in two.workers] == before
    stop(daemons)


def start_ufw(root: PrivateRoot) -> None:
    root.run("ufw", "--force", "enable")


def test_ufw(two: Lab) -> None:
    first, second = two.workers
    assert first.pod
    roots = [PrivateRoot(worker) for worker in two.workers]
    for root in roots:
        start_ufw(root)
    stop(start(two, "--iptables-forward-rules=false"))
    assert_cut_off(two)

    daemons = start(two)
    wait_connected(two)
    for root in roots:
        root.run("ufw", "reload")
    wait_connected(two)
    # Its own rules come before ours.
    roots[1].run("ufw", "route", "deny", "from", pod_address(first))
    assert not new_flow_answered(first.pod, pod_address(second), 0.5)
    roots[1].run("ufw", "route", "delete", "deny", "from", pod_address(first))
    wait_connected(two)
    # Rejecting instead of dropping is a rule at the end, which they must come before.
    for root in roots:
        root.run("ufw", "default", "reject", "routed")
    wait_connected(two)
    for root in roots:
        root.run("ufw", "--force", "disable")
        start_ufw(root)
    wait_connected(two)
    stop(daemons)
    stop(start(two, "--iptables-forward-rules=false"))
    assert not [line for line in forward(first) if "hostgwd" in line]
    assert_cut_off(two)


def test_another_table_that_drops_is_told_with_what_helps(two: Lab) -> None:
    """An accept of ours does not help against it, and it is not ours to change."""
    first = two.workers[0]
    daemons = start(two)
    wait_connected(two)
    rules = """
        table inet filter {
            chain forward { type filter hook forward priority 0; policy drop; }
        }"""
    first.run("nft", rules)
    assert_cut_off(two)
    told = daemons[0].wait_log(r"Chain forward of table inet filter drops .* run, and keep: (.*)$")
    first.run("sh", "-ec", told[1])
    wait_connected(two)
    stop(daemons)
    assert len(re.findall("drops what pods send", daemons[0].log())) == 1
    # A new daemon has nothing to complain of.
    daemons = start(two)
    stop(daemons)
    assert "drops" not in daemons[0].log()


def test_iptables_legacy_that_drops_is_told_with_what_helps(two: Lab) -> None:
    first = two.workers[0]
    first.run("iptables-legacy", "-P", "FORWARD", "DROP")
    daemons = start(two)
    told = daemons[0].wait_log("Chain FORWARD of iptables-legacy drops .* run, and keep: (.*)$")
    assert_cut_off(two)
    first.run("sh", "-ec", told[1])
    wait_connected(two)
    stop(daemons)


def test_firewalld_is_told_in_its_own_words(two: Lab) -> None:
    """Its zones refuse pods at first; what the log says lets them pass."""
    first, second = two.workers
    assert first.pod and second.pod
    root = PrivateRoot(first, cached_package("firewalld"))
    start_firewalld(root)
    daemons = start(two)
    told = daemons[0].wait_log("Chain filter_FORWARD of table inet firewalld drops .*; run: (.*)$")
    assert_cut_off(two)
    root.run("sh", "-ec", told[1])
    wait_connected(two)
    # Nodes reach pods, too.
    wait_new_flow(second, pod_address(first))
    stop(daemons)
