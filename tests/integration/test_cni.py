# SPDX-License-Identifier: GPL-2.0-or-later
"""The CNI configuration that the daemon writes, used by the real plugins."""

import ipaddress
import json
from pathlib import Path
from typing import Iterator

import pytest

import nodes_file
from cni_driver import FLANNEL_CONFLIST, Cni, PortMapping
from dual_stack import DUAL_CONF, DUAL_NODES, V6_CONF
from lab import INTERNET, NET_CONF, NODES, Lab, Worker
from namespace import Namespace
from process import Process
from waiting import poll

SERVED = PortMapping(host=8081, container=8080)
POD_CIDRS = (
    [ipaddress.ip_network(cidr) for cidr in ("10.1.0.0/24", "fd00:1:0::/64")],
    [ipaddress.ip_network(cidr) for cidr in ("10.1.4.0/24", "fd00:1:4::/64")],
)
ADDRESSES = (["192.168.2.44", "fd00:2::44"], ["192.168.2.45", "fd00:2::45"])


@pytest.fixture(name="lab")
def make_lab() -> Iterator[Lab]:
    with Lab(workers=2) as lab:
        lab.write_nodes_file(nodes_file.short_yaml(NODES[:2]))
        yield lab


def conflist_of(worker: Worker) -> Path:
    """In a folder that a container runtime could look into."""
    folder = worker.folder / "net.d"
    folder.mkdir(exist_ok=True)
    return folder / "10-flannel.conflist"


def start(worker: Worker, *arguments: str) -> Process:
    """The daemon, until it is ready."""
    path = conflist_of(worker)
    daemon = worker.start_daemon(
        f"--cni-conf-file={path}", "--enable-forwarding", "--ip-masq", *arguments
    )
    daemon.wait_log("Running backend")
    assert path.exists()
    return daemon


def make_pod(worker: Worker, name: str) -> Namespace:
    return Namespace(worker._record, f"{worker.name}-{name}")


def serve(pod: Namespace) -> None:
    """Something that listens in the pod, for both families."""
    pod.start(
        *("python3", "-m", "http.server", "--bind", "::", "-d", str(pod.folder)),
        str(SERVED.container),
        name="http",
    )


def fetch(client: Namespace, address: str, port: int) -> bool:
    host = f"[{address}]" if ":" in address else address
    command = ["curl", "-sf", "--max-time", "2", "-o", "/dev/null", f"http://{host}:{port}/"]
    return client.run(*command, check=False).returncode == 0


@pytest.mark.parametrize(
    "families, conf",
    [([0], NET_CONF), ([0, 1], DUAL_CONF), ([1], V6_CONF)],
    ids=["v4", "dual-stack", "v6"],
)
def test_pods_of_the_written_list(lab: Lab, families: list[int], conf: str) -> None:
    if 1 in families:
        lab.write_nodes_file(DUAL_NODES)
    cnis, pods, addresses = [], [], []
    for worker, host in zip(lab.workers, ADDRESSES):
        if 1 in families:
            worker.batch(f"address add {host[1]}/64 dev ens192 nodad")
        worker.net_conf.write_text(conf, encoding="ascii")
        start(worker, "--iface=ens192")  # there is no IPv6 default route to choose it by
        cnis.append(Cni(worker, conflist_of(worker)))
        pods.append(make_pod(worker, "a"))
        addresses.append(cnis[-1].add(pods[-1], SERVED))
    for found, cidrs in zip(addresses, POD_CIDRS):
        assert len(found) == len(families)
        assert all(ipaddress.ip_address(a) in cidrs[f] for a, f in zip(found, families))
    serve(pods[0])
    poll(lambda: fetch(pods[0], "127.0.0.1", SERVED.container), "the pod serves")
    for at, family in enumerate(families):
        # The bridge's IPv6 address is tentative for a second or two, as with any CNI plugin.
        there, back = addresses[1][at], addresses[0][at]
        poll(lambda pod=pods[0], to=there: pod.ping(to), f"ping of {there}")
        poll(lambda pod=pods[1], to=back: pod.ping(to), f"ping of {back}")
        assert fetch(pods[1], addresses[0][at], SERVED.container)
        assert fetch(lab.workers[1], ADDRESSES[0][family], SERVED.host), "hostPort"
    if 0 in families:
        assert pods[0].ping(INTERNET), "masqueraded"
    assert cnis[0].leased() == set(addresses[0])
    cnis[0].delete(pods[0], SERVED)
    assert cnis[0].leased() == set()
    assert not fetch(lab.workers[1], ADDRESSES[0][families[0]], SERVED.host)


def test_pods_from_before_the_switch(lab: Lab) -> None:
    """Made under flannel's list; then the daemon writes ours in its place."""
    first, second = lab.workers
    start(second)
    other = make_pod(second, "other")
    (address,) = Cni(second, conflist_of(second)).add(other)

    flannel = first.start_daemon()
    flannel.wait_log("Running backend")
    conflist_of(first).write_text(FLANNEL_CONFLIST, encoding="utf-8")
    cni = Cni(first, conflist_of(first))
    old = [make_pod(first, f"old{i}") for i in range(3)]
    given = [cni.add(pod)[0] for pod in old]
    assert other.ping(given[0])
    assert flannel.stop() == 0

    pings = other.start("ping", "-n", "-i", "0.1", given[0], name="ping")
    start(first)
    assert "bridge" in conflist_of(first).read_text(encoding="utf-8")
    new = [make_pod(first, f"new{i}") for i in range(3)]
    given += [cni.add(pod)[0] for pod in new]
    assert len(set(given)) == 6, f"an address was given twice: {given}"
    for pod, own in zip(old + new, given):
        assert other.ping(own)
        assert pod.ping(address)
    assert old[0].ping(given[5]), "old and new are on one bridge"
    pings.interrupt()
    assert " 0% packet loss" in pings.log()

    assert cni.leased() == set(given)
    for pod in old:
        cni.delete(pod)
    assert cni.leased() == set(given[3:])


def test_an_unchanged_file_is_left_alone(lab: Lab) -> None:
    worker = lab.workers[0]
    assert start(worker).stop() == 0
    before = conflist_of(worker).stat()
    again = start(worker)
    after = conflist_of(worker).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert "Wrote CNI" not in again.log()


def test_the_file_follows_the_pod_cidr(lab: Lab) -> None:
    worker = lab.workers[0]
    start(worker)
    text = nodes_file.short_yaml(NODES[:2]).replace("10.1.0.0/24", "10.1.9.0/24")
    lab.write_nodes_file(text)
    poll(lambda: "10.1.9.0/24" in conflist_of(worker).read_text(encoding="utf-8"), "new CIDR")


def test_a_template(lab: Lab, tmp_path: Path) -> None:
    worker = lab.workers[0]
    template = tmp_path / "cni-conf.json"
    text = '{"name": "mine", "plugins": [{"mtu": MTU, "ipMasq": MASQ, "ipam": {"ranges": RANGES}}]}'
    filled = text.replace("MTU", "__MTU__").replace("MASQ", "__IP_MASQ__")
    template.write_text(filled.replace("RANGES", "__RANGES__"), encoding="utf-8")
    start(worker, f"--cni-conf-template={template}")
    assert json.loads(conflist_of(worker).read_text(encoding="utf-8")) == {
        "name": "mine",
        "plugins": [
            {"mtu": 1500, "ipMasq": False, "ipam": {"ranges": [[{"subnet": "10.1.0.0/24"}]]}}
        ],
    }


def test_flannels_list_as_template_is_unchanged(lab: Lab, tmp_path: Path) -> None:
    template = tmp_path / "cni-conf.json"
    template.write_text(FLANNEL_CONFLIST, encoding="utf-8")
    start(lab.workers[0], f"--cni-conf-template={template}")
    assert conflist_of(lab.workers[0]).read_text(encoding="utf-8") == FLANNEL_CONFLIST


def test_a_list_that_wins_is_reported(lab: Lab) -> None:
    worker = lab.workers[0]
    folder = conflist_of(worker).parent
    for name in ("05-cilium.conflist", "05-cilium.conflist.bak", "20-later.conf", "00-old.json"):
        (folder / name).touch()
    daemon = start(worker)
    for name in ("05-cilium.conflist", "00-old.json"):
        daemon.wait_log(rf"^W.*net\.d/{name} comes before 10-flannel\.conflist .*remove it")
    assert "bak comes" not in daemon.log()
    assert "20-later.conf" not in daemon.log()


def test_no_file_before_the_first_routes(lab: Lab) -> None:
    """Until the own pod CIDR is known there is nothing to give pods addresses from."""
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(NODES[1:2]))
    daemon = worker.start_daemon(f"--cni-conf-file={conflist_of(worker)}")
    daemon.wait_log("Waiting: there is no node")
    assert not conflist_of(worker).exists()
    lab.write_nodes_file(nodes_file.short_yaml(NODES[:2]))
    daemon.wait_log("Wrote CNI configuration to")
    daemon.wait_log("Running backend")
