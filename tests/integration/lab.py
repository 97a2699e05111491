# SPDX-License-Identifier: GPL-2.0-or-later
"""A network to test in: workers on a switch, pods behind them, an outside host.

The layout is that of the walk-through every flannel user knows: five workers,
192.168.2.44 to .48, their pods in 10.1.0.0/16. All of it lives in network
namespaces; nothing in the host's own is touched.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from namespace import Namespace
from process import Process
from record import Record
from waiting import poll, poll_equal

ROUTER = "192.168.2.254"
INTERNET = "192.0.2.1"
NETWORK = "10.1.0.0/16"
NET_CONF = '{"Network": "10.1.0.0/16", "Backend": {"Type": "host-gw"}}\n'
ROUTE_PROTOCOL = "72"
SANITIZER_REPORT = re.compile("(Address|Leak)Sanitizer|: runtime error: ")  # in a daemon's log


@dataclass(frozen=True)
class Node:
    """What a nodes file or the API says of a worker."""

    name: str
    address: str
    pod_cidr: str

    def pod_address(self, host: int) -> str:
        """1 is the bridge's, 10 the pod's."""
        return self.pod_cidr.replace(".0/24", f".{host}")


NODES = (
    Node("kubworker1", "192.168.2.44", "10.1.0.0/24"),
    Node("kubworker2", "192.168.2.45", "10.1.4.0/24"),
    Node("kubworker3", "192.168.2.46", "10.1.1.0/24"),
    Node("kubworker4", "192.168.2.47", "10.1.2.0/24"),
    Node("kubworker5", "192.168.2.48", "10.1.3.0/24"),
)

# `ip route show` on kubworker1 when all five are routed to.
WALK_THROUGH = [
    "default via 192.168.2.254 dev ens192 proto static metric 100",
    "10.1.1.0/24 via 192.168.2.46 dev ens192 proto hostgw",
    "10.1.2.0/24 via 192.168.2.47 dev ens192 proto hostgw",
    "10.1.3.0/24 via 192.168.2.48 dev ens192 proto hostgw",
    "10.1.4.0/24 via 192.168.2.45 dev ens192 proto hostgw",
    "192.168.2.0/24 dev ens192 proto kernel scope link src 192.168.2.44 metric 100",
]


def hostgwd() -> str:
    """The daemon under test; ctest says which."""
    built = Path(__file__).parents[2] / "build/release/daemon/hostgwd"
    return os.environ.get("HOSTGWD", str(built))


def write_atomically(path: Path, text: str) -> None:
    """By rename: a reader sees the old text or the new."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.rename(path)


class Host(Namespace):
    """A machine on the switch: interface ens192 with one address."""

    def __init__(self, lab: "Network", name: str, address: str, forward: bool = False):
        self.address = address
        self._switch = lab.switch
        super().__init__(lab.record, name, forward)

    def make(self) -> None:
        super().make()
        if not self.has_link("ens192"):
            peer = f"veth peer name ens192 netns {self.netns}"
            self._switch.batch(f"link add {self.name} type {peer}")
        self._switch.batch(f"link set {self.name} master br0 up")
        # The metric is what NetworkManager sets; it shows in the walk-through.
        self.batch(f"address replace {self.address}/24 dev ens192 metric 100", "link set ens192 up")


class Outside(Host):
    """The default router and the internet. It has no route to pods, so it answers
    only those who come with a node's address, and it notes who asked."""

    def __init__(self, lab: "Network"):
        super().__init__(lab, "outside", ROUTER)

    def make(self) -> None:
        super().make()
        self.batch(f"address replace {INTERNET}/32 dev lo")
        self.run("nft", """
            table ip outside
            delete table ip outside
            table ip outside {
                set seen { type ipv4_addr; flags dynamic; size 64; }
                chain input {
                    type filter hook input priority 0;
                    icmp type echo-request add @seen { ip saddr }
                }
            }""")

    def seen(self) -> set[str]:
        """Source addresses of the pings that came."""
        text = self.run("nft", "list", "set", "ip", "outside", "seen").stdout
        return set(re.findall(r"\d+\.\d+\.\d+\.\d+", text))


class Worker(Host):
    """A node: forwards, has a default route, runs a daemon, and maybe a pod."""

    def __init__(self, lab: "Lab", node: Node):
        super().__init__(lab, node.name, node.address, forward=True)
        self.node = node
        self.pod: Namespace | None = None
        self.subnet_file = self.folder / "subnet.env"
        self.state_dir = self.folder / "state"
        self.status_socket = self.folder / "hostgwd.sock"
        self.net_conf = self.folder / "net-conf.json"
        self.net_conf.write_text(NET_CONF, encoding="ascii")
        self._nodes_file = lab.nodes_file
        self.batch(f"route add default via {ROUTER} dev ens192 proto static metric 100")

    def add_pod(self) -> Namespace:
        """What kubelet and the bridge plugin do for a node's first pod."""
        pod = Namespace(self._record, f"{self.name}-pod")
        gateway = self.node.pod_address(1)
        self.batch(
            "link add cni0 type bridge",
            f"address add {gateway}/24 dev cni0",
            f"link add veth0 type veth peer name eth0 netns {pod.netns}",
            "link set veth0 master cni0 up",
            "link set cni0 up",
        )
        pod.batch(
            f"address add {self.node.pod_address(10)}/24 dev eth0",
            "link set eth0 up",
            f"route add default via {gateway}",
        )
        self.pod = pod
        return pod

    def host_arguments(self) -> list[str]:
        """Flags that keep the daemon's files in the lab."""
        return [
            f"--node-name={self.name}",
            f"--net-config-path={self.net_conf}",
            f"--subnet-file={self.subnet_file}",
            f"--state-dir={self.state_dir}",
            f"--status-socket={self.status_socket}",
        ]

    def run_hostgwd(self, *arguments: str) -> Process:
        """The daemon with these flags and no others."""
        return self.start(hostgwd(), *arguments, name="hostgwd")

    def start_command(self, *arguments: str) -> list[str]:
        """The daemon fed by the lab's nodes file, masquerading; a later flag wins."""
        mine = [f"--nodes-file={self._nodes_file}", *self.host_arguments(), "--ip-masq"]
        return [hostgwd(), *mine, *arguments]

    def start_daemon(self, *arguments: str) -> Process:
        return self.start(*self.start_command(*arguments), name="hostgwd")

    def status(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`hostgwd status`, asked of this worker's daemon."""
        socket = f"--status-socket={self.status_socket}"
        return self.run(hostgwd(), "status", socket, *arguments, check=False)

    def routes(self) -> dict[str, str]:
        """hostgwd's routes: gateway by destination."""
        found = self.ip_json("route", "show", "proto", ROUTE_PROTOCOL)
        return {route["dst"]: route.get("gateway", route.get("type", "")) for route in found}

    def wait_routes(self, nodes: list[Node] | tuple[Node, ...]) -> None:
        """Until the routes are those to the other ones of `nodes`, and no more."""
        wanted = {n.pod_cidr: n.address for n in nodes if n.name != self.name}
        poll_equal(self.routes, wanted, f"routes of {self.name}")

    def wait_mtu(self, mtu: int) -> None:
        """Until subnet.env names it. The file comes some time after the first routes."""
        line, file = f"FLANNEL_MTU={mtu}\n", self.subnet_file
        poll(lambda: file.exists() and line in file.read_text(), f"{line!r} in {file}")

    def rules(self) -> str:
        return self.run("nft", "list", "ruleset").stdout


class Network:
    """A switch, with the outside on it."""

    def __init__(self, record: Record):
        self.record = record
        self.folder = record.folder
        self.hosts: dict[str, Host] = {}
        self.switch = Namespace(record, "switch")
        if not self.switch.has_link("br0"):
            self.switch.batch("link add br0 type bridge")
        self.switch.batch("link set br0 up")
        self.outside = Outside(self)

    def host(self, name: str, address: str) -> Host:
        """One more machine on the switch, for a control plane say."""
        self.hosts[name] = Host(self, name, address)
        return self.hosts[name]

    def logs(self) -> dict[str, str]:
        """Output of all background programs, for the report of a failed test."""
        processes = [p for host in self.hosts.values() for p in host.processes]
        return {str(p.log_path.relative_to(self.folder)): p.log() for p in processes}


class Lab(Network):
    """Context manager; its end removes all that was made, whatever happened."""

    def __init__(self, workers: int = len(NODES)):  # pylint: disable=super-init-not-called
        self._count = workers

    def __enter__(self) -> "Lab":
        record = Record.create()
        try:
            super().__init__(record)
            self.nodes_file = self.folder / "nodes.yaml"
            self.workers = [Worker(self, node) for node in NODES[: self._count]]
            self.hosts.update({worker.name: worker for worker in self.workers})
        except BaseException:
            record.remove()
            raise
        return self

    def __exit__(self, failure: object, *_: object) -> None:
        reports = [text for text in self.logs().values() if SANITIZER_REPORT.search(text)]
        self.record.remove()
        assert failure or not reports, reports[0][-4000:]

    @property
    def nodes(self) -> list[Node]:
        return [worker.node for worker in self.workers]

    def write_nodes_file(self, text: str) -> None:
        write_atomically(self.nodes_file, text)

    def add_pods(self) -> None:
        for worker in self.workers:
            worker.add_pod()

    def start_daemons(self, *arguments: str) -> list[Process]:
        return [worker.start_daemon(*arguments) for worker in self.workers]

    def unreachable_pairs(self) -> list[tuple[str, str]]:
        """Pairs of workers whose pods cannot ping each other."""
        return [
            (a.name, b.name)
            for a in self.workers
            for b in self.workers
            if a is not b and a.pod and not a.pod.ping(b.node.pod_address(10))
        ]
