# SPDX-License-Identifier: GPL-2.0-or-later
"""`hostgwd plan` says what a run would change, and changes nothing."""

import json
import re
from dataclasses import dataclass
from typing import Generator

import pytest

import nodes_file
from dual_stack import DUAL_CONF, DUAL_NODES
from fake_site import Site, walk_through_site
from lab import NODES, Lab, Node, Worker, hostgwd
from plan_run import flags, monitor, plan, run_plan
from process import Process

FAILED, MISTAKE = 1, 2
NOBODY = "65534"
SILENT_API = """\
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: "http://127.0.0.1:6443"}}]
users: [{name: test, user: {token: abc}}]
"""

# What another program and an earlier life left on kubworker1.
FOUND = (
    "route add 10.1.1.0/24 via 192.168.2.46 dev ens192 proto 72",  # right
    "route add 10.1.2.0/24 via 192.168.2.99 dev ens192 proto 72",  # kubworker4 moved
    "route add 10.1.3.0/24 via 192.168.2.48 dev ens192",  # flannel's
    "route add 10.1.9.0/24 via 192.168.2.59 dev ens192 proto 72",  # of a node that is gone
    "route add 10.1.4.0/24 via 192.168.2.99 dev ens192 proto static",  # in the way
    "route add 10.1.77.0/24 via 192.168.2.99 dev ens192 proto static",
)
FARAWAY = Node("faraway", "192.168.2.60", "10.9.0.0/24")
NEW = Node("new", "192.168.2.61", "10.1.61.0/24")

TEXT = r"""\+ 10\.1\.61\.0/24 via 192\.168\.2\.61 dev ens192
~ 10\.1\.2\.0/24 via 192\.168\.2\.47 dev ens192 \(was via 192\.168\.2\.99 dev ens192\)
~ 10\.1\.3\.0/24 via 192\.168\.2\.48 dev ens192 \(was via .* of protocol boot \(3\)\)
- 10\.1\.9\.0/24 via 192\.168\.2\.59 dev ens192
! Route 10\.1\.4\.0/24 via 192\.168\.2\.99 is in the way of 10\.1\.4\.0/24 via 192\.168\.2\.45: .*
! Route 10\.1\.77\.0/24 via 192\.168\.2\.99 leads into the Network, and no node claims it: .*
! node faraway \(10\.9\.0\.0/24 via 192\.168\.2\.60\): outside-network: its pod CIDR is not inside .*
1 to add, 2 to replace, 1 to remove, 1 right, 1 node left out, 1 conflict, 1 stranger
"""


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with Lab(workers=1) as lab:
        lab.write_nodes_file(nodes_file.short_yaml(NODES))
        yield lab.workers[0]


@pytest.fixture
def found(worker: Worker) -> Worker:
    """It has what a plan can be about."""
    nodes = [*NODES, FARAWAY, NEW]
    flag = next(flag for flag in flags(worker) if flag.startswith("--nodes-file="))
    with open(flag.partition("=")[2], "w", encoding="ascii") as file:
        file.write(nodes_file.short_yaml(nodes))
    worker.batch(*FOUND)
    return worker


def sorted_changes(text: str) -> list[str]:
    """Routes and remarks, in the order of the signs."""
    return sorted(text.splitlines()[:-1], key=lambda line: "+~-!".index(line[0]))


def test_text_is_a_diff_with_reasons_and_a_sum(found: Worker) -> None:
    events = monitor(found)
    lines = plan(found).splitlines()
    text = "\n".join([*sorted_changes("\n".join(lines)), lines[-1]]) + "\n"
    assert re.fullmatch(TEXT, text), text
    assert plan(found, "-o", "text") == plan(found, "--output=text") == plan(found)
    assert events.events() == []
    assert not found.subnet_file.exists() and not found.state_dir.exists()
    assert "hostgw" not in found.rules()


def test_json_says_the_same(found: Worker) -> None:
    told = json.loads(plan(found, "--output=json"))
    assert set(told) == {"changes", "nodes", "conflicts", "strangers", "summary"}
    assert [(c["verb"], c["dst"], c["via"]) for c in told["changes"]] == [
        ("replace", "10.1.2.0/24", "192.168.2.47"),
        ("replace", "10.1.3.0/24", "192.168.2.48"),
        ("add", "10.1.61.0/24", "192.168.2.61"),
        ("remove", "10.1.9.0/24", "192.168.2.59"),
    ]
    assert told["changes"][0]["was"]["via"] == "192.168.2.99"
    assert {(c["dev"], c["table"], c["metric"]) for c in told["changes"]} == {("ens192", 254, 0)}
    assert {node["name"]: node["state"] for node in told["nodes"]} == {
        "faraway": "outside-network", "kubworker1": "own", "kubworker2": "routed",
        "kubworker3": "routed", "kubworker4": "routed", "kubworker5": "routed", "new": "routed",
    }  # fmt: skip
    assert "not inside the configured Network" in told["nodes"][0]["reason"]
    assert [c["observed"]["protocol"] for c in told["conflicts"]] == [4]
    assert [s["dst"] for s in told["strangers"]] == ["10.1.77.0/24"]
    assert told["summary"] == {
        "add": 1, "replace": 2, "remove": 1, "right": 1, "nexthops": 0, "conflicts": 1,
        "strangers": 1, "nodesLeftOut": 1,
    }  # fmt: skip


def test_needs_no_rights(found: Worker) -> None:
    """Not even those of a user who may write something."""
    user = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    for output in ("text", "ip", "json"):
        command = [*user, hostgwd(), "plan", *flags(found), "-o", output]
        done = found.run(*command, "--nexthop-objects=always", check=False)
        assert (done.returncode, done.stderr) == (0, ""), done
        assert done.stdout == plan(found, "-o", output, "--nexthop-objects=always")


def test_beside_a_running_daemon(worker: Worker) -> None:
    """Neither disturbs the other, and what one has done the other finds right."""
    port = "--healthz-port=18081"
    daemon = worker.start_daemon(port)
    daemon.wait_log("Running backend")
    events, log, written = monitor(worker), daemon.log(), worker.subnet_file.stat()
    assert plan(worker, port) == (
        "0 to add, 0 to replace, 0 to remove, 4 right, 0 nodes left out\n"
    )
    assert plan(worker, port, "--node-name=kubworker2").endswith(
        "\n0 to add, 0 to replace, 1 to remove, 3 right, 1 node left out\n"
    )
    assert events.events() == []
    assert worker.subnet_file.stat() == written
    assert daemon.running and daemon.log() == log


@dataclass
class Waits:
    """A file of nodes with which a daemon waits; what it says."""

    name: str
    nodes: list[Node]
    says: str


WAITS = [
    Waits("no-node", list(NODES[1:]), "there is no node kubworker1"),
    Waits(
        "no-cidr",
        [Node("kubworker1", "192.168.2.44", "10.9.0.0/24"), *NODES[1:]],
        "node kubworker1 has no pod CIDR inside the configured Network",
    ),
]


@pytest.mark.parametrize("case", WAITS, ids=lambda case: case.name)
def test_where_a_run_would_wait_it_changes_nothing(lab: Lab, case: Waits) -> None:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(case.nodes))
    lines = plan(worker).splitlines()
    assert lines[-2].startswith(f"! Waiting: {case.says}")
    assert lines[-1].startswith("0 to add, 0 to replace, 0 to remove, 0 right")
    told = json.loads(plan(worker, "-o", "json"))
    assert case.says in told["waiting"] and told["changes"] == []
    done = run_plan(worker, "-o", "ip")
    assert (done.returncode, done.stdout) == (0, "")
    assert case.says in done.stderr and len(done.stderr.splitlines()) == 1


def test_a_family_without_an_address_is_left_alone(worker: Worker) -> None:
    """As the daemon does, which says so."""
    worker.net_conf.write_text(DUAL_CONF, encoding="ascii")
    with open(flags(worker)[0].partition("=")[2], "w", encoding="ascii") as file:
        file.write(DUAL_NODES)
    worker.batch("route add fd00:1:9::/64 dev lo proto 72")
    done = run_plan(worker, "--ip-blackhole-route")
    assert done.returncode == 0
    assert "no global IPv6 address" in done.stderr and len(done.stderr.splitlines()) == 1
    assert done.stdout == (
        "+ blackhole 10.1.0.0/24\n"
        "+ 10.1.4.0/24 via 192.168.2.45 dev ens192\n"
        "2 to add, 0 to replace, 0 to remove, 0 right, 0 nodes left out\n"
    )


ERRORS = [
    (["plan", "--nodes-file=DIR/absent.yaml"], MISTAKE, "DIR/absent.yaml"),
    (["plan", "-o", "xml"], MISTAKE, "--output=xml: expected one of text|ip|json"),
    (["plan", "now"], MISTAKE, '"now" is no flag'),
    (["plan"], MISTAKE, "no source of nodes"),
    (["plan", "--nodes-file=FILE", "--iface=eth7"], MISTAKE, "eth7"),
    (["plan", "--nodes-file=FILE", "--net-config-path=DIR/absent.json"], MISTAKE, "absent.json"),
    (["--nodes-file=FILE", "--output=text"], MISTAKE, "--output is a flag of hostgwd plan"),
]


@pytest.mark.parametrize("arguments, code, says", ERRORS, ids=lambda value: str(value)[-40:])
def test_mistakes_are_one_line(
    worker: Worker, arguments: list[str], code: int, says: str
) -> None:
    file = flags(worker)[0].partition("=")[2]
    filled = [a.replace("DIR", str(worker.folder)).replace("FILE", file) for a in arguments]
    done = worker.run(hostgwd(), *filled[:1], *worker.host_arguments(), *filled[1:], check=False)
    assert (done.returncode, done.stdout) == (code, ""), done
    assert says.replace("DIR", str(worker.folder)) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_output_that_cannot_be_written_is_a_failure(found: Worker) -> None:
    done = found.run("sh", "-c", '"$0" "$@" >/dev/full', hostgwd(), "plan", *flags(found),
                     check=False)  # fmt: skip
    assert done.returncode == FAILED and "No space left on device" in done.stderr


# ---- nodes from the Kubernetes API ----


@pytest.fixture
def site() -> Generator[Site, None, None]:
    with walk_through_site() as made:
        yield made


def kube_flags(worker: Worker) -> list[str]:
    config = worker.folder / "kubeconfig"
    return ["--kube-subnet-mgr", f"--kubeconfig-file={config}", *worker.host_arguments()]


def test_reads_the_api_and_writes_nothing_to_it(site: Site) -> None:
    """The daemon's default would be annotations, a condition and Events."""
    site.put(FARAWAY)
    worker = site.worker
    done = worker.run(hostgwd(), "plan", *kube_flags(worker))
    assert done.stdout.endswith("4 to add, 0 to replace, 0 to remove, 0 right, 1 node left out\n")
    assert done.stderr == ""
    assert set(site.api.kinds()) == {"watchlist"}
    assert site.new_events() == [] and not worker.state_dir.exists()


def test_an_unreadable_node_removes_no_route(site: Site) -> None:
    worker = site.worker
    site.api.nodes["kubworker2"]["metadata"]["name"] = ""
    worker.batch("route add 10.1.4.0/24 via 192.168.2.45 dev ens192 proto 72")
    done = worker.run(hostgwd(), "plan", *kube_flags(worker))
    assert "\n3 to add, 0 to replace, 0 to remove" in done.stdout
    assert "a node without a name" in done.stderr and "no route is removed" in done.stderr


def start_plan(worker: Worker, *variables: str) -> Process:
    plan_flags = [flag for flag in kube_flags(worker) if not flag.startswith("--node-name")]
    return worker.start("env", *variables, hostgwd(), "plan", *plan_flags, name="plan")


def test_an_api_server_that_does_not_answer_is_given_up_on(worker: Worker) -> None:
    (worker.folder / "kubeconfig").write_text(SILENT_API, encoding="ascii")
    by_name = start_plan(worker, "NODE_NAME=kubworker1")
    by_pod = start_plan(worker, "POD_NAME=hostgwd-1", "POD_NAMESPACE=kube-flannel")
    assert by_name.wait_exit(60) == by_pod.wait_exit(60) == FAILED
    last = by_name.log().splitlines()[-1]
    assert "http://127.0.0.1:6443 has not told of all nodes within 30 s: " in last
    assert "cannot connect to http://127.0.0.1:6443: connection refused" in last
    assert "on which node pod kube-flannel/hostgwd-1 runs" in by_pod.log().splitlines()[-1]
