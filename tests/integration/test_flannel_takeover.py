# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd in flannel's place: its rules go, and nothing that flows through them notices."""

from typing import Generator

import pytest

from lab import INTERNET, NETWORK, Lab, Worker, hostgwd
from nodes_file import short_yaml
from traffic import converse, echo, sniff, wait_new_flow
from waiting import poll

READY = "Watching for new subnet leases"
OWN = "10.1.0.0/24"  # the first worker's
MINE = "-m comment --comment 'flanneld {}'"

# kube-proxy's and an administrator's, around flannel's.
OTHERS = """
iptables-nft -A FORWARD -i eth7 -j DROP
iptables-nft -t nat -N KUBE-POSTROUTING
iptables-nft -t nat -A POSTROUTING -j KUBE-POSTROUTING
iptables-nft -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
iptables-nft -t nat -A KUBE-POSTROUTING -j MASQUERADE --random-fully
iptables-nft -t nat -A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE
nft add table inet own
nft add chain inet own flannel
nft add rule inet own flannel counter accept
"""

# As flannel 0.28 makes them in iptables mode.
IPTABLES = f"""
iptables-nft -t nat -N FLANNEL-POSTRTG
iptables-nft -t nat -A POSTROUTING {MINE.format("masq")} -j FLANNEL-POSTRTG
iptables-nft -t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 {MINE.format("masq")} -j RETURN
iptables-nft -t nat -A FLANNEL-POSTRTG -s {OWN} -d {NETWORK} {MINE.format("masq")} -j RETURN
iptables-nft -t nat -A FLANNEL-POSTRTG -s {NETWORK} -d {OWN} {MINE.format("masq")} -j RETURN
iptables-nft -t nat -A FLANNEL-POSTRTG ! -s {NETWORK} -d {OWN} {MINE.format("masq")} -j RETURN
iptables-nft -t nat -A FLANNEL-POSTRTG -s {NETWORK} ! -d 224.0.0.0/4 {MINE.format("masq")} \
    -j MASQUERADE --random-fully
iptables-nft -t nat -A FLANNEL-POSTRTG ! -s {NETWORK} -d {NETWORK} {MINE.format("masq")} \
    -j MASQUERADE --random-fully
iptables-nft -N FLANNEL-FWD
iptables-nft -A FORWARD {MINE.format("forward")} -j FLANNEL-FWD
iptables-nft -A FLANNEL-FWD -s {NETWORK} {MINE.format("forward")} -j ACCEPT
iptables-nft -A FLANNEL-FWD -d {NETWORK} {MINE.format("forward")} -j ACCEPT
"""

# In nftables mode.
NFTABLES = f"""
nft 'table ip flannel-ipv4 {{ comment "rules for flannel-ipv4"; chain forward {{
    type filter hook forward priority filter;
    ip saddr {NETWORK} accept; ip daddr {NETWORK} accept; }}; chain postrtg {{
    type nat hook postrouting priority srcnat; meta mark 0x4000 return;
    ip saddr {OWN} ip daddr {NETWORK} return; ip saddr {NETWORK} ip daddr {OWN} return;
    ip saddr != {OWN} ip daddr {NETWORK} return;
    ip saddr {NETWORK} ip daddr != 224.0.0.0/4 masquerade fully-random;
    ip saddr != {NETWORK} ip daddr {NETWORK} masquerade fully-random; }}; }}'
nft 'table ip6 flannel-ipv6 {{ comment "rules for flannel-ipv6"; }}'
"""


@pytest.fixture
def lab() -> Generator[Lab, None, None]:
    """One worker with a pod, and somebody outside who answers."""
    with Lab(workers=1) as made:
        made.add_pods()
        made.write_nodes_file(short_yaml(made.nodes))
        echo(made.outside, INTERNET)
        yield made


def everything(worker: Worker) -> str:
    """All rules as both tools print them, but for counters and our own table."""
    script = """
        iptables-nft-save | sed -e '/^#/d' -e 's/ \\[[0-9:]*\\]$//'
        nft -s -a list ruleset | sed '/^table inet hostgw /,/^}/d'
    """
    return worker.run("sh", "-c", script).stdout


@pytest.mark.parametrize("flannel", [IPTABLES, NFTABLES], ids=["iptables", "nftables"])
def test_takeover(lab: Lab, flannel: str) -> None:
    worker = lab.workers[0]
    assert worker.pod
    worker.run("sh", "-ec", OTHERS)
    before = everything(worker)
    worker.run("sh", "-ec", flannel)
    assert everything(worker) != before
    wait_new_flow(worker.pod, INTERNET)

    tap = sniff(lab.outside, "ens192", NETWORK)
    flows = [converse(worker.pod, kind, INTERNET, 2) for kind in ("udp", "tcp", "flows")]
    daemon = worker.start_daemon()
    daemon.wait_log(READY)
    poll(lambda: "lannel" not in everything(worker).replace("chain flannel", ""), "all of it goes")
    wait_new_flow(worker.pod, INTERNET)
    reports = {flow.name: flow.report() for flow in flows}
    seen = tap.report()

    assert everything(worker) == before
    for name, report in reports.items():
        print(f"{name}: {report['sent']} sent, {report['lost']} lost")
        assert not report["error"] and report["lost"] == 0 and report["sent"] > 0, report
    print(f"outside: {seen['packets']} packets, {seen['leaks']} of them not masqueraded")
    assert seen["dropped"] == 0, "the sniffer was too slow: nothing is proven"
    assert seen["packets"] >= reports[flows[0].name]["sent"], seen
    assert seen["leaks"] == 0, seen
    assert daemon.stop() == 0


@pytest.mark.parametrize("flannel", [IPTABLES, NFTABLES], ids=["iptables", "nftables"])
def test_cleanup_takes_them_away_without_a_daemon(lab: Lab, flannel: str) -> None:
    worker = lab.workers[0]
    cleanup = [hostgwd(), "cleanup", *worker.host_arguments()]
    worker.run("sh", "-ec", OTHERS)
    before = everything(worker)
    worker.run("sh", "-ec", flannel)
    left = everything(worker)
    assert left != before
    assert worker.run(*cleanup).stdout == "nothing to remove\n", "only with --flannel"
    dry = worker.run(*cleanup, "--flannel", "--dry-run").stdout
    assert "would remove flannel's nftables tables, its iptables chains" in dry
    assert everything(worker) == left
    done = worker.run(*cleanup, "--flannel").stdout
    assert "removed flannel's nftables tables, its iptables chains" in done
    assert everything(worker) == before
    assert worker.run(*cleanup, "--flannel").stdout == "nothing to remove\n"
