# SPDX-License-Identifier: GPL-2.0-or-later
"""Wrong configuration: one clear line, exit code 2, and a host that is as it was."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generator

import pytest

import nodes_file
from lab import NET_CONF, NODES, Lab, Worker

USAGE = 2

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: "http://192.168.2.250:6443"}}]
users: [{name: test, user: {USER}}]
"""


@dataclass
class Case:
    """`DIR` in arguments stands for the folder that the files are in."""

    name: str
    says: list[str]  # patterns, all in the one line
    arguments: list[str] = field(default_factory=lambda: ["--nodes-file=DIR/nodes.yaml"])
    files: dict[str, str] = field(default_factory=dict)  # beside or instead of good ones


GOOD_FILES = {"net-conf.json": NET_CONF, "nodes.yaml": nodes_file.short_yaml(NODES)}
KUBE = ["--kube-subnet-mgr", "--kubeconfig-file=DIR/kubeconfig"]

CASES = [
    Case("no-source", ["--kube-subnet-mgr", "--nodes-file"], []),
    Case("unknown-flag", ["--nods-file", "--nodes-file", "--help"], ["--nods-file=x"]),
    Case("argument", ["run", "flag"], ["run"]),
    Case("dry-run", ["--dry-run is a flag of hostgwd cleanup"], ["--nodes-file=x", "--dry-run"]),
    Case("flannel", ["--flannel is a flag of hostgwd cleanup"], ["--nodes-file=x", "--flannel"]),
    Case("bad-boolean", ["--ip-masq=maybe", "true or false"], ["--ip-masq=maybe"]),
    Case(
        "etcd",
        ["--etcd-endpoints: .*etcd", "--kube-subnet-mgr", "--nodes-file"],
        ["--etcd-endpoints=http://127.0.0.1:2379"],
    ),
    Case(
        "net-conf-missing",
        [r"DIR/absent\.json", "--net-config-path", '"Network"'],
        ["--nodes-file=DIR/nodes.yaml", "--net-config-path=DIR/absent.json"],
    ),
    Case(
        "net-conf-syntax",
        [r"DIR/net-conf\.json:2:\d+", "JSON"],
        files={"net-conf.json": '{"Network": "10.1.0.0/16",\n "Backend": {"Type" "host-gw"}}\n'},
    ),
    Case(
        "net-conf-network",
        [r"DIR/net-conf\.json", "Network", "CIDR"],
        files={"net-conf.json": '{"Network": "10.1.0.0", "Backend": {"Type": "host-gw"}}\n'},
    ),
    Case(
        "vxlan",
        [r"DIR/net-conf\.json", "vxlan", "host-gw"],
        files={"net-conf.json": '{"Network": "10.1.0.0/16", "Backend": {"Type": "vxlan"}}\n'},
    ),
    Case(
        "cni-name",
        ["--cni-conf-file /x/10-flannel", r"\.conflist"],
        ["--nodes-file=DIR/nodes.yaml", "--cni-conf-file=/x/10-flannel.conf"],
    ),
    Case(
        "cni-template-alone",
        ["--cni-conf-template without --cni-conf-file"],
        ["--nodes-file=DIR/nodes.yaml", "--cni-conf-template=DIR/cni.json"],
    ),
    Case(
        "cni-template-missing",
        [r"--cni-conf-template: DIR/cni\.json: No such file"],
        [
            "--nodes-file=DIR/nodes.yaml",
            "--cni-conf-file=DIR/a.conflist",
            "--cni-conf-template=DIR/cni.json",
        ],
    ),
    Case(
        "cni-template",
        [r"DIR/cni\.json:1:27: unknown placeholder __POD_CIRD__"],
        [
            "--nodes-file=DIR/nodes.yaml",
            "--cni-conf-file=DIR/a.conflist",
            "--cni-conf-template=DIR/cni.json",
        ],
        {"cni.json": '{"name": "a", "plugins": [__POD_CIRD__]}\n'},
    ),
    Case(
        "interface",
        ["--iface", "eth7", "ens192"],
        ["--nodes-file=DIR/nodes.yaml", "--iface=eth7"],
    ),
    Case(
        "public-ip",
        ["--public-ip", r"192\.168\.2\.99"],
        ["--nodes-file=DIR/nodes.yaml", "--public-ip=192.168.2.99"],
    ),
    Case("nodes-file-missing", [r"DIR/absent\.yaml"], ["--nodes-file=DIR/absent.yaml"]),
    Case(
        "nodes-file-syntax",
        [r"DIR/nodes\.yaml", r"\b2\b"],
        files={"nodes.yaml": "- {name: kubworker1, podCIDR: 10.1.0.0/24}\n- {name: [}\n"},
    ),
    Case(
        "nodes-file-cidr",
        [r"DIR/nodes\.yaml", "kubworker2", r"10\.1\.4/24"],
        files={"nodes.yaml": "- {name: kubworker2, podCIDR: 10.1.4/24, address: 192.168.2.45}\n"},
    ),
    Case(
        "kube-api-url",
        ["--kube-api-url: server .ftp://x. must begin with https://"],
        ["--kube-subnet-mgr", "--kube-api-url=ftp://x"],
    ),
    Case(
        "annotation-prefix",
        ["a b", "prefix"],
        [*KUBE, "--kube-annotation-prefix=a b"],
        {"kubeconfig": KUBECONFIG.replace("USER", "token: abc")},
    ),
    Case("kubeconfig-missing", [r"DIR/kubeconfig"], KUBE),
    Case(
        "kubeconfig-syntax",
        [r"DIR/kubeconfig", "line 3"],  # where it ends too early
        KUBE,
        {"kubeconfig": "apiVersion: v1\nclusters: [{name: test\n"},
    ),
    Case(
        "kubeconfig-context",
        ["DIR/kubeconfig: line 1: there is no current-context"],
        KUBE,
        {"kubeconfig": KUBECONFIG.replace("current-context", "other-context")},
    ),
    Case(
        "kubeconfig-cluster",
        ['DIR/kubeconfig: line 4: cluster "absent"'],
        KUBE,
        {"kubeconfig": KUBECONFIG.replace("cluster: test", "cluster: absent")},
    ),
    Case(
        "kubeconfig-base64",
        ['DIR/kubeconfig: line 6: user "test": client-key-data'],
        KUBE,
        {"kubeconfig": KUBECONFIG.replace("USER", "client-key-data: '*'")},
    ),
    Case(
        "token-file-missing",
        ['DIR/kubeconfig: line 6: user "test": .*DIR/absent-token'],
        KUBE,
        {"kubeconfig": KUBECONFIG.replace("USER", "tokenFile: absent-token")},
    ),
]


# A value that only the flag's own check finds wrong: the flag, and patterns of the message.
NODES_FLAG = "--nodes-file=DIR/nodes.yaml"
WRONG_VALUES = [
    (["--log-format=xml"], ["xml", "klog, json or journal"]),
    (["--public-ip=192.168.2"], ["--public-ip", r"192\.168\.2"]),
    (["--public-ip=fd00::1"], ["--public-ip", "fd00::1", "IPv4"]),
    (["--public-ipv6=zz"], ["--public-ipv6", "zz"]),
    (["--public-ipv6=192.168.2.44"], ["--public-ipv6", "IPv6"]),
    (["--iface-regex=(ens"], ["--iface-regex", r"\(ens"]),
    (["--iface-regex=eth\\d+"], ["--iface-regex", "ens192"]),
    (["--iface-can-reach=somewhere"], ["--iface-can-reach", "somewhere"]),
    (["--healthz-ip=somewhere", "--healthz-port=8081"], ["--healthz-ip", "somewhere"]),
    (["--nonmasquerade-cidr=10.0.0.0"], ["--nonmasquerade-cidr", r"\"10\.0\.0\.0\" is not a CIDR"]),
    (["--kube-annotation-prefix="], ["--kube-annotation-prefix", r"flannel\.alpha\.coreos\.com"]),
    (["--subnet-file=DIR"], ["--subnet-file: DIR is not a regular file"]),
    (["--subnet-file="], ["--subnet-file: a file name is missing"]),
    (["--net-config-path=DIR"], ["DIR: Is a directory"]),
    (["--route-protocol=4"], ["--route-protocol 4", "default 72"]),
    (["--route-table=255"], ["--route-table 255", "main"]),
    ([f"--node-name={'a' * 300}"], ["node name a+", "longer than 253"]),
]
CASES += [
    Case(" ".join(flags)[:40], says, [NODES_FLAG, *flags]) for flags, says in WRONG_VALUES
]


@pytest.fixture(scope="module")
def worker() -> Generator[Worker, None, None]:
    with Lab(workers=1) as lab:
        yield lab.workers[0]


def state(worker: Worker) -> tuple[list[str], str]:
    return worker.route_text(), worker.rules()


def write_files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_refused_with_one_line(worker: Worker, tmp_path: Path, case: Case) -> None:
    write_files(tmp_path, GOOD_FILES | case.files)
    before = state(worker)
    daemon = worker.run_hostgwd(
        *worker.host_arguments(),
        f"--net-config-path={tmp_path}/net-conf.json",
        *(argument.replace("DIR", str(tmp_path)) for argument in case.arguments),
    )
    assert daemon.wait_exit() == USAGE, daemon.log()
    complaints = [line for line in daemon.log().splitlines() if not line.startswith("I")]
    assert len(complaints) == 1, daemon.log()
    for pattern in case.says:
        pattern = pattern.replace("DIR", re.escape(str(tmp_path)))
        assert re.search(pattern, complaints[0]), f"{pattern!r} is not in {complaints[0]!r}"
    assert state(worker) == before
    assert not worker.subnet_file.exists()


def test_no_api_server_is_waited_for(worker: Worker, tmp_path: Path) -> None:
    """It may yet come: says so, touches nothing, and ends well when told to."""
    text = KUBECONFIG.replace("USER", "token: abc")
    write_files(tmp_path, GOOD_FILES | {"kubeconfig": text})
    before = state(worker)
    daemon = worker.run_hostgwd(
        *worker.host_arguments(), "--kube-subnet-mgr", f"--kubeconfig-file={tmp_path}/kubeconfig"
    )
    daemon.wait_log(r"^I.*Waiting 10m0s for node controller to sync")
    daemon.wait_log(r"^[WE].*192\.168\.2\.250:6443")
    assert daemon.running
    assert state(worker) == before
    assert daemon.stop() == 0
