# SPDX-License-Identifier: GPL-2.0-or-later
"""Two nodes with two pods each, both with kube-proxy's rules, an outside host and a data centre,
all with an address of each family."""

import socket
import struct
from contextlib import ExitStack, contextmanager
from typing import Iterator

from dual_stack import DUAL_CONF, DUAL_NODES, v6_routes
from lab import INTERNET, NETWORK, Lab, Worker
from namespace import Namespace
from process import Process
from waiting import poll

FAMILIES = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}
PORTS = {"plain": 7000, "marked": 7001}
NODE_PORTS = {
    "NodePort, own pod": {"plain": 30080, "marked": 30081},
    "NodePort, peer pod": {"plain": 30082, "marked": 30083},
}
GROUPS = ("239.1.2.3", "ff05::1234")
ADDRESSES = {  # of those that receive and of those that send, of each family
    "own pod": ("10.1.0.11", "fd00:1:0::11"),
    "peer pod": ("10.1.4.11", "fd00:1:4::11"),
    "own node": ("192.168.2.44", "fd00:2::44"),
    "peer node": ("192.168.2.45", "fd00:2::45"),
    "own proxy": ("192.168.2.144", "fd00:2::144"),
    "peer proxy": ("192.168.2.145", "fd00:2::145"),
    "outside": (INTERNET, "2001:db8::1"),
    "spared CIDR": ("198.51.100.1", "2001:db8:172::1"),
    "multicast": GROUPS,
    "NodePort, own pod": ("192.168.2.44", "fd00:2::44"),
    "NodePort, peer pod": ("192.168.2.44", "fd00:2::44"),
}
SENDERS = {
    "own pod": ("10.1.0.10", "fd00:1:0::10"),
    "peer pod": ("10.1.4.10", "fd00:1:4::10"),
    "own host": ADDRESSES["own node"],
    "peer host": ADDRESSES["peer node"],
    "outside": ("192.168.2.254", "fd00:2::254"),
}
CENTRE = ("192.168.2.60", "fd00:2::60")
SPARED = ("198.51.100.0/24", "2001:db8:172::/48")

# What kube-proxy's rules come to: a mark where a node is entered or its NodePort is asked for, DNAT
# to a Service's pod, and at the end a new source for what has the mark. Its own address for that,
# instead of masquerade, tells its work from the daemon's.
PROXY = """
table inet proxy {{
    chain prerouting {{
        type filter hook prerouting priority mangle
        iifname "cni0" udp dport 7001 meta mark set meta mark or 0x4000
        ip saddr {outside4} udp dport 7001 meta mark set meta mark or 0x4000
        ip6 saddr {outside6} udp dport 7001 meta mark set meta mark or 0x4000
        fib daddr type local udp dport {{ 30081, 30083 }} meta mark set meta mark or 0x4000
    }}
    chain output {{
        type filter hook output priority mangle
        udp dport 7001 meta mark set meta mark or 0x4000
        fib daddr type local udp dport {{ 30081, 30083 }} meta mark set meta mark or 0x4000
    }}
    chain services {{
        fib daddr type != local return
        {services}
    }}
    chain services-prerouting {{
        type nat hook prerouting priority dstnat
        jump services
    }}
    chain services-output {{
        type nat hook output priority -100
        jump services
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat
        meta mark and 0x4000 == 0 return
        meta mark set meta mark xor 0x4000
        meta nfproto ipv4 snat ip to {proxy4}
        meta nfproto ipv6 snat ip6 to {proxy6}
    }}
}}
"""


def install_proxy(worker: Worker, proxy: str) -> None:
    """Anew if it is there: as if it had come after the daemon."""
    services = [
        f"meta nfproto {family} udp dport {NODE_PORTS[name][mark]} dnat {ip} to {address}:{port}"
        for name, pod in (("NodePort, own pod", "own pod"), ("NodePort, peer pod", "peer pod"))
        for family, ip, address in zip(
            ("ipv4", "ipv6"), ("ip", "ip6"), (ADDRESSES[pod][0], f"[{ADDRESSES[pod][1]}]")
        )
        for mark, port in PORTS.items()
    ]
    worker.run("nft", "delete table inet proxy", check=False)
    outside4, outside6 = SENDERS["outside"]
    proxy4, proxy6 = ADDRESSES[proxy]
    text = PROXY.format(
        outside4=outside4, outside6=outside6, proxy4=proxy4, proxy6=proxy6,
        services="\n        ".join(services),
    )  # fmt: skip
    worker.run("nft", text)


# ---- multicast routing (ip(7), linux/mroute.h, linux/mroute6.h): pods' on to the uplink ----

MRT_INIT, MRT_ADD_VIF, MRT_ADD_MFC = 200, 202, 204  # of both families
VIFF_USE_IFINDEX = 8
LINKS = ("cni0", "ens192")


def route_multicast4(pod: str) -> socket.socket:
    """The routes last as long as the socket."""
    router = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IGMP)
    router.setsockopt(socket.IPPROTO_IP, MRT_INIT, 1)
    for number, link in enumerate(LINKS):
        index = socket.if_nametoindex(link)
        vif = struct.pack("=HBBIi4x", number, VIFF_USE_IFINDEX, 1, 0, index)
        router.setsockopt(socket.IPPROTO_IP, MRT_ADD_VIF, vif)
    route = struct.pack(
        "=4s4sH32s2x16x", socket.inet_aton(pod), socket.inet_aton(GROUPS[0]), 0, b"\0\1"
    )
    router.setsockopt(socket.IPPROTO_IP, MRT_ADD_MFC, route)
    return router


def route_multicast6(pod: str) -> socket.socket:
    """As route_multicast4."""

    def address(text: str) -> bytes:
        raw = socket.inet_pton(socket.AF_INET6, text)
        return struct.pack("=HHI16sI", socket.AF_INET6, 0, 0, raw, 0)

    router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    router.setsockopt(socket.IPPROTO_IPV6, MRT_INIT, 1)
    for number, link in enumerate(LINKS):
        vif = struct.pack("=HBBHxxI", number, 0, 1, socket.if_nametoindex(link), 0)
        router.setsockopt(socket.IPPROTO_IPV6, MRT_ADD_VIF, vif)
    route = address(pod) + address(GROUPS[1]) + struct.pack("=HxxI28x", 0, 1 << 1)
    router.setsockopt(socket.IPPROTO_IPV6, MRT_ADD_MFC, route)
    return router


# ---- the network ----


class MatrixLab:
    """Nothing masquerades until start_daemons."""

    def __init__(self, lab: Lab, stack: ExitStack):
        self.lab = lab
        own, peer = lab.workers
        centre = lab.host("centre", "192.168.2.60")
        lab.write_nodes_file(DUAL_NODES)
        self.senders: dict[str, Namespace] = {
            "own pod": own.add_pod(), "peer pod": peer.add_pod(),
            "own host": own, "peer host": peer, "outside": lab.outside,
        }  # fmt: skip
        self.receivers: dict[str, Namespace] = {
            "own pod": self._second_pod(own, "own pod"),
            "peer pod": self._second_pod(peer, "peer pod"),
            "own node": own, "peer node": peer, "outside": lab.outside, "spared CIDR": centre,
        }  # fmt: skip
        for name, worker in (("own", own), ("peer", peer)):
            self._make_dual(worker, name)
            pod4, pod6 = SENDERS[f"{name} pod"]
            for make, pod in ((route_multicast4, pod4), (route_multicast6, pod6)):
                stack.enter_context(worker.inside(lambda m=make, p=pod: m(p)))
        self._make_others_dual(centre)
        self.install_proxies()

    def _second_pod(self, worker: Worker, name: str) -> Namespace:
        pod = Namespace(self.lab.record, f"{worker.name}-pod2")
        worker.batch(
            f"link add veth1 type veth peer name eth0 netns {pod.netns}",
            "link set veth1 master cni0 up",
        )
        pod.batch(f"address add {ADDRESSES[name][0]}/24 dev eth0", "link set eth0 up")
        return pod

    def _make_dual(self, worker: Worker, name: str) -> None:
        gateway = SENDERS[f"{name} pod"][1][: -len("10")] + "1"
        worker.net_conf.write_text(DUAL_CONF, encoding="ascii")
        worker.batch(
            f"address add {ADDRESSES[f'{name} node'][1]}/64 dev ens192 nodad",
            f"address add {gateway}/64 dev cni0 nodad",
            "route add default via fd00:2::254 dev ens192",
            *(f"route add {cidr} via {via}" for cidr, via in zip(SPARED, CENTRE)),
        )
        # A redirect would lead what is to go over the own node past it.
        self._refuse_redirects(worker)
        for pod, address in ((self.senders, SENDERS), (self.receivers, ADDRESSES)):
            space, v6 = pod[f"{name} pod"], address[f"{name} pod"][1]
            space.batch(
                f"address add {v6}/64 dev eth0 nodad",
                f"route replace default via {worker.node.pod_address(1)}",
                f"route add default via {gateway}",
            )

    def _make_others_dual(self, centre: Namespace) -> None:
        outside = self.lab.outside
        centre.batch(
            f"address add {CENTRE[1]}/64 dev ens192 nodad",
            *(f"address add {address} dev lo" for address in ADDRESSES["spared CIDR"]),
        )
        over4, over6 = ADDRESSES["own node"]
        outside.batch(
            f"address add {SENDERS['outside'][1]}/64 dev ens192 nodad",
            f"address add {ADDRESSES['outside'][1]} dev lo",
            *(f"route add {cidr} via {over4}" for cidr in (NETWORK, SPARED[0])),
            *(f"route add {cidr} via {over6}" for cidr in ("fd00:1::/32", SPARED[1])),
        )
        self._refuse_redirects(outside)

    @staticmethod
    def _refuse_redirects(where: Namespace) -> None:
        script = """cd /proc/sys/net && for each in ipv?/conf/*/accept_redirects \
            ipv4/conf/*/send_redirects; do echo 0 >$each; done"""
        where.run("sh", "-c", script)

    def install_proxies(self) -> None:
        """Anew if they are there."""
        for worker, proxy in zip(self.lab.workers, ("own proxy", "peer proxy")):
            install_proxy(worker, proxy)

    def ask_about_bridged(self) -> bool:
        """Has the nodes' rules see what their bridges switch, as kubeadm wants it. False: that is
        not in this machine's kernel (br_netfilter), and loading it would change the machine."""
        script = """cd /proc/sys/net/bridge && echo 1 >bridge-nf-call-iptables &&
            echo 1 >bridge-nf-call-ip6tables"""
        done = [w.run("sh", "-c", script, check=False).returncode for w in self.lab.workers]
        return done == [0, 0]

    def start_daemons(self) -> list[Process]:
        """The own node's and the peer's."""
        spared = (f"--nonmasquerade-cidr={cidr}" for cidr in SPARED)
        daemons = self.lab.start_daemons("--enable-forwarding", *spared)
        for worker in self.lab.workers:
            poll(lambda w=worker: "fully-random" in w.rules(), "rules that masquerade")
            poll(lambda w=worker: w.routes() and v6_routes(w), "routes of both families")
        return daemons


@contextmanager
def matrix_lab() -> Iterator[MatrixLab]:
    with Lab(workers=2) as lab, ExitStack() as stack:
        yield MatrixLab(lab, stack)
