# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd cleanup: the host as it was before, and nothing of others touched."""

import subprocess
from pathlib import Path
from typing import Iterator

import pytest

import nodes_file
from dual_stack import DUAL_CONF, DUAL_NODES
from guide import MIGRATING
from lab import NODES, Lab, Worker, hostgwd
from waiting import poll

# What flanneld leaves in nftables mode.
FLANNEL_RULES = """
table ip flannel-ipv4 {
    chain postrtg {
        type nat hook postrouting priority srcnat;
        ip saddr 10.1.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
    }
}
"""
OTHERS_RULES = """
table inet firewall {
    chain input { type filter hook input priority 0; tcp dport 22 accept; }
}
"""


@pytest.fixture(name="worker")
def make_worker() -> Iterator[Worker]:
    with Lab(workers=2) as lab:
        lab.write_nodes_file(nodes_file.short_yaml(NODES))
        poll(lambda: has_settled(lab.workers[0]), "the kernel's own IPv6 addresses")
        yield lab.workers[0]


def has_settled(worker: Worker) -> bool:
    """The link-local address is no longer tentative: its routes come with that."""
    addresses = worker.ip_json("-6", "address", "show", "dev", "ens192")
    found = [info for link in addresses for info in link["addr_info"]]
    return bool(found) and not any(info.get("tentative") for info in found)


def cleanup(worker: Worker, *arguments: str) -> subprocess.CompletedProcess[str]:
    return worker.run(
        *(hostgwd(), "cleanup", *worker.host_arguments()),
        *(f"--cni-conf-file={worker.folder}/net.d/10-flannel.conflist", *arguments),
        check=False,
    )


def files(folder: Path) -> dict[str, str]:
    """All below it by their names, but for logs; folders too."""
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") if path.is_file() else ""
        for path in folder.rglob("*")
        if path.suffix != ".log"
    }


def host_state(worker: Worker) -> dict[str, object]:
    """Byte for byte what ip, nft and find show."""
    shown = {
        command: worker.run(*command.split()).stdout
        for command in (
            "ip route show table all",
            "ip -6 route show table all",
            "ip nexthop",
            "nft list ruleset",
        )
    }
    return shown | {"files": files(worker.folder)}


def run_daemon(worker: Worker, *arguments: str) -> None:
    """A full run, from its start to its end."""
    daemon = worker.start_daemon(
        *("--ip-blackhole-route", f"--cni-conf-file={worker.folder}/net.d/10-flannel.conflist"),
        *arguments,
    )
    daemon.wait_log("Running backend")
    daemon.wait_log("Subnet added")
    assert daemon.stop() == 0


@pytest.mark.parametrize("mode", ["never", "always"])
@pytest.mark.parametrize("table", ["254", "100"])
def test_leaves_the_host_as_it_was(worker: Worker, mode: str, table: str) -> None:
    (worker.folder / "net.d").mkdir()
    worker.run("nft", OTHERS_RULES)
    worker.batch("route add 10.1.77.0/24 via 192.168.2.200 dev ens192 proto static")
    before = host_state(worker)
    run_daemon(worker, f"--nexthop-objects={mode}", f"--route-table={table}")
    assert host_state(worker) != before
    done = cleanup(worker)
    assert done.returncode == 0, done.stderr
    assert host_state(worker) == before
    assert done.stderr == ""
    assert "removed route blackhole 10.1.0.0/24" in done.stdout
    assert "removed nftables table inet hostgw" in done.stdout
    assert ("removed nexthop object" in done.stdout) == (mode == "always")
    again = cleanup(worker)
    assert (again.returncode, again.stdout) == (0, "nothing to remove\n")


def test_both_families(worker: Worker) -> None:
    (worker.folder / "net.d").mkdir()
    worker.batch("address add fd00:2::44/64 dev ens192 nodad")
    worker.net_conf.write_text(DUAL_CONF, encoding="ascii")
    (worker.folder.parent / "nodes.yaml").write_text(DUAL_NODES, encoding="utf-8")
    mine = "local fd00:2::44"  # the kernel adds it a moment after the address
    poll(lambda: mine in worker.run("ip", "-6", "route", "show", "table", "all").stdout, mine)
    before = host_state(worker)
    run_daemon(worker)
    assert "fd00:1:4::/64" in worker.run("ip", "-6", "route").stdout
    assert cleanup(worker).returncode == 0
    assert host_state(worker) == before


def test_a_dry_run_changes_nothing(worker: Worker) -> None:
    (worker.folder / "net.d").mkdir()
    run_daemon(worker)
    before = host_state(worker)
    dry = cleanup(worker, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert host_state(worker) == before
    wet = cleanup(worker)
    would = [line.removeprefix("would remove ") for line in dry.stdout.splitlines()]
    did = [line.removeprefix("removed ") for line in wet.stdout.splitlines()]
    assert would[:-1] == did[:-1], "what it said is what it does"
    assert would[-1] == f"{len(did) - 1} to remove; nothing was changed"
    assert any("via 192.168.2.45" in line for line in did)
    assert f"file {worker.subnet_file}" in did
    assert f"file {worker.folder}/net.d/10-flannel.conflist" in did


def test_what_flanneld_wrote_by_now_stays(worker: Worker) -> None:
    """The guide's way back to flannel."""
    (worker.folder / "net.d").mkdir()
    run_daemon(worker)
    done = cleanup(worker, "--subnet-file=")
    assert done.returncode == 0, done.stderr
    assert worker.subnet_file.exists()
    assert "removed nftables table inet hostgw" in done.stdout
    lines = MIGRATING.read_text("utf-8").splitlines()
    commands = [line for line in lines if "hostgwd cleanup" in line]
    assert any(line.endswith("hostgwd cleanup --subnet-file=") for line in commands)


def test_refuses_while_a_daemon_runs(worker: Worker) -> None:
    (worker.folder / "net.d").mkdir()
    daemon = worker.start_daemon()
    daemon.wait_log("Running backend")
    before = host_state(worker)
    done = cleanup(worker)
    assert done.returncode == 1
    assert "another hostgwd" in done.stderr and "stop it first" in done.stderr
    assert host_state(worker) == before
    assert cleanup(worker, "--dry-run").returncode == 0, "looking is allowed"


def test_objects_that_others_use_stay(worker: Worker) -> None:
    (worker.folder / "net.d").mkdir()
    run_daemon(worker, "--nexthop-objects=always")
    used = worker.ip_json("nexthop", "show")[0]["id"]
    worker.batch(f"route add 198.51.100.0/24 nhid {used} proto static")
    done = cleanup(worker)
    assert done.returncode == 0, done.stderr
    assert f"nexthop object {used} stays: another program's route leads" in done.stderr
    assert [nexthop["id"] for nexthop in worker.ip_json("nexthop", "show")] == [used]
    assert worker.ip_json("route", "show", "198.51.100.0/24")


LEFTOVERS = [
    "10.1.1.0/24 via 192.168.2.46 dev ens192",
    "10.1.2.0/24 via 192.168.2.47 dev ens192",
]
OTHERS = [
    "10.1.3.0/24 via 192.168.2.48 dev ens192 proto static",  # somebody marked it
    "10.1.9.0/24 dev ens192 scope link",  # no gateway
    "172.16.0.0/16 via 192.168.2.46 dev ens192",  # outside the Network
    "10.1.5.0/24 via 192.168.2.46 dev ens192 metric 7 table 100",  # not in flannel's table
]


def test_flannels_leftovers(worker: Worker) -> None:
    (worker.folder / "net.d").mkdir()
    worker.run("nft", OTHERS_RULES)
    worker.batch(*(f"route add {route}" for route in OTHERS))
    before = host_state(worker)
    worker.run("nft", FLANNEL_RULES)
    worker.batch(*(f"route add {route}" for route in LEFTOVERS))
    left = host_state(worker)
    assert cleanup(worker).stdout == "nothing to remove\n", "only with --flannel"
    dry = cleanup(worker, "--flannel", "--dry-run")
    assert "would remove route 10.1.1.0/24 via 192.168.2.46" in dry.stdout
    assert host_state(worker) == left
    done = cleanup(worker, "--flannel")
    assert done.returncode == 0, done.stderr
    assert host_state(worker) == before


def test_flannels_link_is_named(worker: Worker) -> None:
    worker.batch("link add flannel.1 type bridge")
    done = cleanup(worker, "--flannel")
    assert done.returncode == 0
    assert "ip link delete flannel.1" in done.stderr


def test_mistakes(worker: Worker) -> None:
    done = cleanup(worker, "--flannel", "--net-config-path=/absent/net-conf.json")
    assert done.returncode == 2
    assert "/absent/net-conf.json: no such file" in done.stderr
    assert cleanup(worker, "--dryrun").returncode == 2


@pytest.mark.parametrize("protocol", ["2", "3", "4", "16", "186"])
def test_routes_of_others_cannot_be_called_ours(worker: Worker, protocol: str) -> None:
    """kernel, boot, static, dhcp, bgp: that would take the host off the network."""
    worker.batch(f"route add 172.16.0.0/16 via 192.168.2.46 dev ens192 proto {protocol}")
    before = host_state(worker)
    for look in ([], ["--dry-run"]):
        done = cleanup(worker, f"--route-protocol={protocol}", *look)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"--route-protocol {protocol} is the mark of the kernel or of" in done.stderr
    assert host_state(worker) == before
