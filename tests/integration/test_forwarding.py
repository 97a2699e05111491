# SPDX-License-Identifier: GPL-2.0-or-later
"""The kernel's forwarding: reported where it is off, switched on where that was asked for."""

from typing import Generator

import pytest

from dual_stack import DUAL_NODES, V6_CONF, dual_stack_worker, wait_v4, wait_v6
from lab import NET_CONF, Lab, Worker, write_atomically
from waiting import poll, poll_equal

V4 = "ipv4/ip_forward"
V6 = "ipv6/conf/all/forwarding"
ACCEPT_RA = "ipv6/conf/ens192/accept_ra"
LINES = {"IPv4": r"net\.ipv4\.ip_forward = 1", "IPv6": r"net\.ipv6\.conf\.all\.forwarding = 1"}
FILE = r"/etc/sysctl\.d/90-hostgw\.conf"

# A router's advertisement (RFC 4861, 4.2): hop limit 64, a default router for half an hour.
ADVERTISE = """
import socket, struct
raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
body = struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0)
raw.sendto(body, ("ff02::1", 0, 0, socket.if_nametoindex("ens192")))
"""


def get(worker: Worker, name: str) -> str:
    return worker.run("cat", f"/proc/sys/net/{name}").stdout.strip()


def put(worker: Worker, **values: int) -> None:
    for name, value in values.items():
        worker.run("sh", "-c", f"echo {value} >/proc/sys/net/{globals()[name]}")


def touch_nodes(worker: Worker) -> None:
    """Has a round made, in which nothing changes for the routes."""
    more = "- {name: kubworker9, podCIDR: 10.9.9.0/24, address: 192.168.2.59}\n"
    write_atomically(worker.folder.parent / "nodes.yaml", DUAL_NODES + more)


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    """Forwards neither family."""
    with dual_stack_worker() as made:
        put(made, V4=0, V6=0)
        yield made


def test_off_is_reported_and_left(worker: Worker) -> None:
    daemon = worker.start_daemon()
    for family, line in LINES.items():
        daemon.wait_log(rf'^W.*{family} forwarding is off.*"{line}" to {FILE}')
    wait_v4(worker)
    wait_v6(worker)
    assert (get(worker, V4), get(worker, V6)) == ("0", "0")
    touch_nodes(worker)
    daemon.wait_log("Skipping node kubworker9")
    assert daemon.log().count("forwarding is off") == 2, "said once while it stands"


def test_on_is_not_worth_a_word(worker: Worker) -> None:
    put(worker, V4=1, V6=1)
    daemon = worker.start_daemon("--enable-forwarding")
    daemon.wait_log("Watching for new subnet leases")
    touch_nodes(worker)
    daemon.wait_log("Skipping node kubworker9")
    assert "forwarding" not in daemon.log()


@pytest.mark.parametrize(
    "conf, on, off", [(NET_CONF, V4, V6), (V6_CONF, V6, V4)], ids=["IPv4", "IPv6"]
)
def test_only_families_in_use(worker: Worker, conf: str, on: str, off: str) -> None:
    worker.net_conf.write_text(conf, encoding="ascii")
    daemon = worker.start_daemon("--enable-forwarding", "--iface=ens192")
    poll_equal(lambda: get(worker, on), "1", "forwarding")
    daemon.wait_log("Watching for new subnet leases")
    assert get(worker, off) == "0"
    assert daemon.log().count("forwarding was off: switched on") == 1


def test_switched_on_again(worker: Worker) -> None:
    """Also when somebody switches it off while the daemon runs."""
    daemon = worker.start_daemon("--enable-forwarding")
    poll_equal(lambda: (get(worker, V4), get(worker, V6)), ("1", "1"), "forwarding")
    daemon.wait_log("Watching for new subnet leases")
    put(worker, V4=0, V6=0)
    touch_nodes(worker)
    poll_equal(lambda: (get(worker, V4), get(worker, V6)), ("1", "1"), "forwarding again")


def advertised_defaults(worker: Worker) -> list[str]:
    found = worker.ip_json("-6", "route", "show", "default")
    return [route["dev"] for route in found if route["protocol"] == "9"]  # RTPROT_RA


def advertise(lab: Lab, worker: Worker) -> None:
    """Until the kernel took it: the router's own address may still be tentative."""

    def probe() -> list[str]:
        lab.outside.run("/usr/bin/python3", "-c", ADVERTISE, check=False)
        return advertised_defaults(worker)

    poll(probe, "a default route by router advertisement")


def test_default_route_by_router_advertisement_stays() -> None:
    """The kernel forgets it when forwarding goes on, unless accept_ra says otherwise."""
    with Lab(workers=2) as lab:
        worker, other = lab.workers
        for each in lab.workers:
            put(each, V6=0, ACCEPT_RA=1)
            advertise(lab, each)
        put(other, V6=1)
        poll_equal(lambda: advertised_defaults(other), [], "the route is gone where 1 was left")

        worker.batch("address add fd00:2::44/64 dev ens192 nodad")
        worker.net_conf.write_text(V6_CONF, encoding="ascii")
        lab.write_nodes_file(DUAL_NODES)
        monitor = worker.start("ip", "-6", "-N", "monitor", "route", name="monitor")
        worker.start_daemon("--enable-forwarding").wait_log("IPv6 forwarding was off: switched on")
        wait_v6(worker)
        assert get(worker, V6) == "1"
        assert get(worker, ACCEPT_RA) == "2"
        assert advertised_defaults(worker) == ["ens192"]
        assert "Deleted default" not in monitor.log()


def test_read_only_proc_sys(worker: Worker) -> None:
    """As in most containers: the line to write is told, and routes are made all the same."""
    script = """
        mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys && exec "$0" "$@" """
    command = worker.start_command("--enable-forwarding")
    daemon = worker.start("unshare", "--mount", "sh", "-c", script, *command, name="read-only")
    for family, line in LINES.items():
        daemon.wait_log(rf'^W.*{family} forwarding is off .*Read-only file.*"{line}" to {FILE}')
    wait_v4(worker)
    wait_v6(worker)
    assert (get(worker, V4), get(worker, V6)) == ("0", "0")
