# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens to the host and its neighbours while the daemon runs, one and two families."""

import shutil
from pathlib import Path
from typing import Generator

import pytest

import nodes_file
from dual_stack import BLACKHOLE, V6_CONF, V6_ROUTES, dual_stack_worker, v6_routes, wait_v4, wait_v6
from lab import Lab, Node, Worker
from process import Process
from waiting import poll, poll_equal

@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with dual_stack_worker() as made:
        yield made


def test_dual_stack(worker: Worker) -> None:
    worker.start_daemon()
    wait_v4(worker)
    wait_v6(worker)
    poll(worker.subnet_file.exists, "subnet.env")
    assert worker.subnet_file.read_text() == (
        "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.0.1/24\n"
        "FLANNEL_IPV6_NETWORK=fd00:1::/32\nFLANNEL_IPV6_SUBNET=fd00:1::1/64\n"
        "FLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n"
    )
    rules = worker.rules()
    assert "ip6 saddr @cluster6" in rules and "ip saddr @cluster4" in rules


def test_ipv6_only(worker: Worker) -> None:
    """The IPv4 half of the nodes is no reason for a warning."""
    worker.net_conf.write_text(V6_CONF, encoding="ascii")
    worker.batch("route add default via fd00:2::fe dev ens192")
    daemon = worker.start_daemon("--ip-blackhole-route")
    wanted = {**V6_ROUTES, "fd00:1::/64": BLACKHOLE}
    poll_equal(lambda: v6_routes(worker), wanted, "IPv6 routes")
    assert worker.routes() == {}
    assert "Skipping" not in daemon.log()


def test_interface_down_and_up(worker: Worker) -> None:
    """The kernel drops the static IPv6 address with the link: that must not keep IPv4 away."""
    daemon = worker.start_daemon()
    wait_v4(worker)
    wait_v6(worker)
    worker.batch("link set ens192 down", "link set ens192 up")
    wait_v4(worker)
    daemon.wait_log("^E.*interface ens192 has no global IPv6 address")
    worker.batch("address add fd00:2::44/64 dev ens192 nodad")
    wait_v6(worker)


def test_address_away_and_back(worker: Worker) -> None:
    """While the one address is away nothing of its family is touched; the other goes on."""
    worker.start_daemon()
    wait_v4(worker)
    wait_v6(worker)
    worker.batch("address del 192.168.2.44/24 dev ens192")
    poll_equal(worker.routes, {}, "the kernel flushed the IPv4 routes")
    wait_v6(worker)
    worker.batch("address add 192.168.2.44/24 dev ens192 metric 100")
    wait_v4(worker)


def test_interface_renamed(worker: Worker) -> None:
    """It is the same interface: nodes are followed over it under the new name."""
    worker.start_daemon()
    wait_v4(worker)
    worker.batch("link set ens192 down", "link set ens192 name eth9", "link set eth9 up")
    wait_v4(worker)


def test_mtu_follows(worker: Worker) -> None:
    worker.start_daemon()
    poll(worker.subnet_file.exists, "subnet.env")
    worker.batch("link set ens192 mtu 1400")
    worker.wait_mtu(1400)


def test_routes_of_others_stay(worker: Worker) -> None:
    """One in the way is reported, not replaced, unless it is a leftover of flannel."""
    worker.batch(
        "link add tun0 type veth peer name tun1",
        "address add 172.16.0.1/24 dev tun0",
        "link set tun0 up",
        "link set tun1 up",
        "route add 10.1.4.0/24 via 172.16.0.9 dev tun0",
    )
    daemon = worker.start_daemon()
    daemon.wait_log(r"^W.*Route 10\.1\.4\.0/24 via 172\.16\.0\.9 is in the way of")
    wait_v6(worker)
    assert worker.routes() == {}
    worker.batch("route del 10.1.4.0/24 via 172.16.0.9 dev tun0")
    wait_v4(worker)


def test_flannels_leftover_is_taken_over(worker: Worker) -> None:
    worker.batch("route add 10.1.4.0/24 via 192.168.2.45 dev ens192")
    worker.start_daemon()
    wait_v4(worker)
    assert len(worker.ip_json("route", "show", "10.1.4.0/24")) == 1


def test_one_bad_peer_keeps_nobody_from_being_ready() -> None:
    """Its address is refused with the reason, and no kernel refusal holds the others back."""
    with Lab(workers=3) as lab:
        worker = lab.workers[0]
        bad = Node("kubworker9", "192.168.2.255", "10.1.9.0/24")
        lab.write_nodes_file(nodes_file.short_yaml([*lab.nodes, bad]))
        daemon = worker.start_daemon("--healthz-ip=127.0.0.1", "--healthz-port=18081")
        worker.wait_routes(lab.nodes)
        daemon.wait_log("^W.*Skipping node kubworker9 .*cannot be a next hop")
        url = "http://127.0.0.1:18081/readyz"
        poll_equal(lambda: worker.run("curl", "-s", url).stdout, "ok\n", "/readyz")


def test_neighbour_table_without_room(lab: Lab) -> None:
    """Said once, with figures. In its namespace the kernel shows no limit, so one is made."""
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[:3]))
    script = """
        neigh=/proc/sys/net/ipv4/neigh
        mount -t tmpfs none $neigh && mkdir $neigh/default &&
        echo 5 >$neigh/default/gc_thresh3 && exec "$0" "$@" """
    daemon = worker.start(
        "unshare", "--mount", "sh", "-c", script, *worker.start_command(), name="hostgwd"
    )
    worker.wait_routes(lab.nodes[:3])
    assert "gc_thresh" not in daemon.log(), "two next hops of five"
    for nodes in (lab.nodes[:4], lab.nodes):
        lab.write_nodes_file(nodes_file.short_yaml(nodes))
        worker.wait_routes(nodes)
    daemon.wait_log(r'^W.*gc_thresh3 = 5\).*"net\.ipv4\.neigh\.default\.gc_thresh3 = 4096" to ')
    assert daemon.log().count("gc_thresh3 = 5)") == 1


def test_second_daemon_is_refused(lab: Lab) -> None:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    worker.start_daemon()
    worker.wait_routes(lab.nodes)
    second = worker.start_daemon()
    assert second.wait_exit() == 1
    assert "another hostgwd looks after the routes of protocol 72" in second.log()
    other = worker.start_daemon("--route-protocol=73", "--route-table=100")
    other.wait_log("Subnet added: 10.1.4.0/24 via 192.168.2.45")
    assert worker.run("ip", "-N", "route", "show", "table", "100").stdout.count("proto 73") == 4


def test_missing_capability_is_one_clear_line(lab: Lab) -> None:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    bare = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    bare += ["--", *worker.start_command()]
    daemon = worker.start(*bare, name="bare")
    assert daemon.wait_exit() == 1
    assert "CAP_NET_ADMIN is missing" in daemon.log()
    assert not worker.subnet_file.exists()


def start_in(lab: Lab, folder: Path) -> Process:
    daemon = lab.workers[0].start_daemon(f"--nodes-file={folder / 'nodes.yaml'}")
    lab.workers[0].wait_routes(lab.nodes)
    return daemon


def test_folder_of_the_nodes_file_replaced(lab: Lab) -> None:
    folder = lab.folder / "etc"
    folder.mkdir()
    (folder / "nodes.yaml").write_text(nodes_file.short_yaml(lab.nodes))
    start_in(lab, folder)
    new = lab.folder / "etc.new"
    new.mkdir()
    (new / "nodes.yaml").write_text(nodes_file.short_yaml(lab.nodes[:-1]))
    folder.rename(lab.folder / "etc.old")
    new.rename(folder)
    lab.workers[0].wait_routes(lab.nodes[:-1])
    (folder / "nodes.yaml").write_text(nodes_file.short_yaml(lab.nodes))
    lab.workers[0].wait_routes(lab.nodes)
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "nodes.yaml").write_text(nodes_file.short_yaml(lab.nodes[:-2]))
    lab.workers[0].wait_routes(lab.nodes[:-2])


def test_nodes_file_behind_a_link(lab: Lab) -> None:
    """The file that the link leads to is followed as well."""
    there, here = lab.folder / "there", lab.folder / "here"
    there.mkdir()
    here.mkdir()
    (there / "cluster.yaml").write_text(nodes_file.short_yaml(lab.nodes))
    (here / "nodes.yaml").symlink_to(there / "cluster.yaml")
    start_in(lab, here)
    (there / "cluster.yaml").write_text(nodes_file.short_yaml(lab.nodes[:-1]))
    lab.workers[0].wait_routes(lab.nodes[:-1])
