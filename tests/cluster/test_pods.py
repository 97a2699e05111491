# SPDX-License-Identifier: GPL-2.0-or-later
"""Pods of all nodes, among themselves, to the outside, and through kube-proxy's services."""

import ipaddress
import itertools
import socket

import pytest

from images import POD_PORT
from lab import INTERNET
from machine import MTU
from namespace import Namespace
from pods import HOST_PORT, NAME_SERVICE, NODE_PORT, SERVICE, Pod, Pods
from cluster import NETWORK, Cluster
from traffic import echo
from transfer import transfer
from waiting import poll, poll_equal

MIB = 100
HEADERS = 28  # of IPv4 and of an ICMP echo request
PROGRAMMED = 60.0  # seconds, for kube-proxy on a busy machine


@pytest.fixture(scope="module", name="each")
def find_each(pods: Pods) -> list[Pod]:
    return pods.each()


def pairs(each: list[Pod]) -> list[tuple[Pod, Pod]]:
    return list(itertools.permutations(each, 2))


def ask(asker: Namespace, address: str, port: int) -> tuple[str, str] | None:
    """The address that the pod saw, and its name; None: no answer."""

    def connect() -> tuple[str, str] | None:
        try:
            with socket.create_connection((address, port), 2) as stream:
                stream.sendall(b"GET /cgi-bin/who HTTP/1.0\r\n\r\n")
                words = stream.makefile(encoding="ascii").read().rpartition("\n\n")[2].split()
        except OSError:
            return None
        return (words[0].removeprefix("::ffff:").strip("[]"), words[1]) if words else None

    return asker.inside(connect)


def test_addresses(cluster: Cluster, each: list[Pod]) -> None:
    for pod in each:
        cidr = ipaddress.ip_network(cluster.control.pod_cidr(pod.machine.name))
        assert cidr.subnet_of(ipaddress.ip_network(NETWORK))
        assert ipaddress.ip_address(pod.address) in cidr
        addresses = pod.ip_json("-4", "address", "show", "eth0")[0]["addr_info"]
        assert [a["local"] for a in addresses] == [pod.address]


def test_all_pairs_ping(each: list[Pod]) -> None:
    assert [(a.name, b.name) for a, b in pairs(each) if not a.ping(b.address)] == []


def test_ping_from_the_container(cluster: Cluster, each: list[Pod]) -> None:
    """By the pod's own program."""
    for a, b in pairs(each):
        said = cluster.control.kubectl("exec", a.name, "--", "ping", "-c", "1", b.address)
        assert " 0% packet loss" in said


def test_all_pairs_transfer(each: list[Pod]) -> None:
    for a, b in pairs(each):
        lost = transfer(a, b, MIB)
        print(f"{MIB} MiB from {a.machine.name} to {b.machine.name}: {lost} segments lost")
        assert lost == 0


def ping_of(source: Pod, target: Pod, size: int) -> bool:
    """One packet of so many bytes, which may not be cut to pieces."""
    options = ("-n", "-c", "1", "-W", "1", "-M", "do", "-s", str(size - HEADERS))
    return source.run("ping", *options, target.address, check=False).returncode == 0


def test_mtu(cluster: Cluster, each: list[Pod]) -> None:
    """The link's, which the daemon hands on to pods."""
    for machine in cluster.machines:
        assert f"FLANNEL_MTU={MTU}\n" in machine.inside_run("cat", "/run/flannel/subnet.env").stdout
    for a, b in pairs(each):
        assert a.ip_json("link", "show", "eth0")[0]["mtu"] == MTU
        poll(lambda a=a, b=b: ping_of(a, b, MTU), f"{MTU} bytes arrive", PROGRAMMED)
        assert not ping_of(a, b, MTU + 1)


def test_outside_sees_nodes(cluster: Cluster, each: list[Pod]) -> None:
    cluster.outside.run("nft", "flush", "set", "ip", "outside", "seen")
    assert all(pod.ping(INTERNET) for pod in each)
    assert cluster.outside.seen() == {pod.machine.address for pod in each}


def seen_through(
    askers: list[Namespace], addresses: list[str], port: int, each: list[Pod]
) -> dict[tuple[str, str, str], str]:
    """Asks each address until each pod has answered: what the pod saw, by asker, address, pod."""
    found: dict[tuple[str, str, str], str] = {}
    for asker, address in itertools.product(askers, addresses):

        def all_answered(asker: Namespace = asker, address: str = address) -> bool:
            if answer := ask(asker, address, port):
                found[asker.name, address, answer[1]] = answer[0]
            return all((asker.name, address, pod.name) in found for pod in each)

        poll(all_answered, f"{asker.name} hears of each pod at {address}:{port}", PROGRAMMED)
    return found


def test_cluster_ip(each: list[Pod]) -> None:
    """A pod's own address is what another pod sees, whichever node that is on."""
    by_name = {pod.name: pod for pod in each}
    found = seen_through(list(each), [SERVICE], 80, each)
    assert len(found) == 9
    for (asker, _, answering), seen in found.items():
        hairpin = asker == answering  # to itself: the bridge's address stands in
        assert hairpin or seen == by_name[asker].address, (asker, answering, seen)


def test_node_port(cluster: Cluster, each: list[Pod]) -> None:
    """From outside, through each node to each pod; the node that is asked stands in for it."""
    nodes = {machine.address: machine for machine in cluster.machines}
    found = seen_through([cluster.outside], list(nodes), NODE_PORT, each)
    assert len(found) == 9
    by_name = {pod.name: pod for pod in each}
    for (_, address, answering), seen in found.items():
        pod = by_name[answering]
        bridge = str(next(ipaddress.ip_network(
            cluster.control.pod_cidr(pod.machine.name)).hosts()))  # fmt: skip
        assert seen == (bridge if pod.machine.address == address else address)


def test_host_port(cluster: Cluster, each: list[Pod]) -> None:
    """The portmap plugin of the written CNI configuration; the client keeps its address."""
    for pod in each:
        poll_equal(lambda pod=pod: ask(cluster.outside, pod.machine.address, HOST_PORT),
                   (cluster.outside.address, pod.name), "the pod's answer", PROGRAMMED)  # fmt: skip
        other = next(p for p in each if p is not pod)
        assert ask(other, pod.machine.address, HOST_PORT) is not None


def test_pod_directly_from_nodes(cluster: Cluster, each: list[Pod]) -> None:
    for machine, pod in itertools.product(cluster.machines, each):
        assert ask(machine, pod.address, POD_PORT) is not None, (machine.name, pod.name)


def test_name_service(cluster: Cluster, each: list[Pod]) -> None:
    """UDP at the address where DNS is asked. The answers come from an echo in each pod: Debian has
    no CoreDNS."""
    echoes = [echo(pod, pod.address) for pod in each]

    def answered(asker: Namespace) -> bool:
        def query() -> bool:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stream:
                stream.settimeout(1)
                stream.connect((NAME_SERVICE, 53))
                try:
                    stream.send(b"who")
                    return stream.recv(8) == b"who"
                except OSError:
                    return False

        return asker.inside(query)

    for asker in (*each, *cluster.machines):
        for _ in range(6):  # kube-proxy chooses a pod for each
            poll(lambda asker=asker: answered(asker), f"an answer to {asker.name}", PROGRAMMED)
    for running in echoes:
        running.stop()
