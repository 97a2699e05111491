# SPDX-License-Identifier: GPL-2.0-or-later
"""`hostgwd check` on a host, and what the daemon looks at by itself when it starts."""

import json
import socket
from typing import Any, Generator

import pytest

import nodes_file
from fake_access import Kubeconfig
from fake_apiserver import FakeApiServer
from fake_nodes import make_node
from lab import NET_CONF, Lab, Worker, hostgwd
from plan_run import Done, flags, monitor

WELL, WRONG, MISTAKE = 0, 1, 2
IP_FORWARD = "/proc/sys/net/ipv4/ip_forward"


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with Lab(workers=2) as made:
        made.write_nodes_file(nodes_file.short_yaml(made.nodes))
        yield made.workers[0]


@pytest.fixture
def api(worker: Worker) -> Generator[FakeApiServer, None, None]:
    with FakeApiServer(listener=worker.listen()) as server:
        server.put(make_node(worker.name, worker.node.pod_cidr, worker.address))
        for number in range(2, 602):
            server.put(make_node(f"n{number}", f"10.1.{number % 256}.0/24", "192.168.2.45"))
        yield server


def check(worker: Worker, *arguments: str) -> Done:
    return worker.run(hostgwd(), "check", *arguments, check=False)


def by_api(worker: Worker, url: str, *arguments: str) -> Done:
    config = Kubeconfig(url).write(worker.folder / "kubeconfig")
    return check(
        worker, "--kube-subnet-mgr", f"--kubeconfig-file={config}", *worker.host_arguments(),
        *arguments,
    )  # fmt: skip


def findings(done: Done) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return found


def of(done: Done, name: str) -> list[dict[str, Any]]:
    return [finding for finding in findings(done) if finding["check"] == name]


def test_a_host_that_is_well(worker: Worker) -> None:
    """No error; and whoever looks changes nothing, nor needs a daemon or minds one."""
    watch = monitor(worker)
    done = check(worker, *flags(worker))
    assert (done.returncode, done.stderr) == (WELL, ""), done
    lines = done.stdout.splitlines()
    assert not any(line.startswith(("error", "warning")) for line in lines), done.stdout
    assert "ens192: the interface to the other nodes, address 192.168.2.44, MTU 1500" in done.stdout
    assert "2 nodes can be read" in done.stdout
    assert "0 errors, 0 warnings" in lines[-1]
    worker.start_daemon().wait_log("Running backend")
    before = watch.events()
    done = check(worker, *flags(worker))
    assert done.returncode == WELL
    assert "a hostgwd looks after the routes of protocol 72 on this host" in done.stdout
    assert watch.events() == before


def test_errors_come_first_each_with_its_remedy(worker: Worker) -> None:
    worker.run("sh", "-c", f"echo 0 > {IP_FORWARD}")
    worker.net_conf.write_text(NET_CONF.replace("{", '{"Netwrok": 1, ', 1), encoding="ascii")
    done = check(worker, *flags(worker), f"--subnet-file={worker.net_conf}/x/subnet.env")
    assert done.returncode == WRONG
    words = [line.split()[0] for line in done.stdout.splitlines()[:-1]]
    assert words == sorted(words, key=["error", "warning", "note", "ok"].index)
    assert words.count("error") == 2 and words.count("warning") == 1
    asked = [f for f in findings(check(worker, *flags(worker), "-o", "json"))]
    bad = {f["check"]: f for f in asked if f["severity"] in ("error", "warning")}
    assert set(bad) == {"forwarding", "configuration"}
    assert "net.ipv4.ip_forward = 1" in bad["forwarding"]["remedy"]
    assert 'key "Netwrok"' in bad["configuration"]["what"] and bad["configuration"]["remedy"]


def test_a_firewall_that_drops(worker: Worker) -> None:
    """A table of others that nothing of ours helps against."""
    worker.run("nft", """table inet admin { chain forward {
        type filter hook forward priority 0; policy drop;
        }
    }""")
    done = check(worker, *flags(worker), "-o", "json")
    assert done.returncode == WRONG
    (found,) = of(done, "forward-rules")
    assert found["severity"] == "error" and "inet admin" in found["what"] and found["remedy"]


def test_json_sums_up(worker: Worker) -> None:
    done = check(worker, *flags(worker), "--output=json")
    assert done.returncode == WELL
    summary = json.loads(done.stdout)["summary"]
    counted = [finding["severity"] for finding in findings(done)]
    assert summary == {word: counted.count(word) for word in ("error", "warning", "note", "ok")}


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--nonsense"], "unknown flag --nonsense"),
        (["--output=ip"], "give text or json"),
        (["extra"], '"extra" is no flag'),
    ],
)
def test_usage(worker: Worker, arguments: list[str], line: str) -> None:
    done = check(worker, *arguments)
    assert done.returncode == MISTAKE and line in done.stderr and done.stdout == ""


def test_without_rights(worker: Worker) -> None:
    """It says so, and looks at all the rest."""
    done = worker.run(
        "setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", hostgwd(), "check",
        *flags(worker), "-o", "json", check=False,
    )  # fmt: skip
    assert done.returncode == WRONG
    assert [f["severity"] for f in of(done, "rights")] == ["error"]
    assert [f["severity"] for f in of(done, "interface")] == ["ok"]


def test_without_flags(worker: Worker) -> None:
    """As an administrator types it first: what is known without them, and that they are wanted."""
    done = check(worker, f"--net-config-path={worker.net_conf}", "-o", "json")
    assert done.returncode == WELL, done
    assert [f["severity"] for f in of(done, "nodes")] == ["note"]


# ---- the API server ----


def test_api_access(worker: Worker, api: FakeApiServer) -> None:
    """The Nodes are counted without being read, and six permissions looked up."""
    done = by_api(worker, api.url, "-o", "json")
    assert done.returncode == WELL, done
    assert [f["what"] for f in of(done, "nodes")] == [
        "601 nodes can be read", "node kubworker1, this host, has a pod CIDR",
    ]  # fmt: skip
    assert [f["what"] for f in of(done, "rbac")] == [
        "list nodes is allowed", "watch nodes is allowed", "get nodes is allowed",
        "patch nodes/status is allowed", "create events is allowed", "patch events is allowed",
    ]  # fmt: skip
    # In a namespace of a test the limit of the neighbour table cannot be seen.
    assert [f["severity"] for f in of(done, "neighbours")] == ["note"]
    assert sorted(set(api.kinds())) == ["get", "list", "review"]
    assert [r.query["limit"] for r in api.requests if r.kind == "list"] == ["1"]


def test_api_denies(worker: Worker, api: FakeApiServer) -> None:
    api.denied = {"watch nodes", "patch nodes/status"}
    done = by_api(worker, api.url, "-o", "json")
    assert done.returncode == WRONG
    denied = {f["what"].split(" is ")[0]: f for f in of(done, "rbac") if f["severity"] != "ok"}
    assert set(denied) == api.denied
    assert denied["watch nodes"]["severity"] == "error"
    assert "resources: [nodes], verbs: [watch]" in denied["watch nodes"]["remedy"]
    assert denied["patch nodes/status"]["severity"] == "warning"
    assert "--annotate=false" in denied["patch nodes/status"]["remedy"]
    done = by_api(worker, api.url, "--annotate=false", "--events=false")
    assert "nodes/status" not in done.stdout and "events" not in done.stdout


def test_own_node(worker: Worker, api: FakeApiServer) -> None:
    api.put({"kind": "Node", "metadata": {"name": "bare"}, "spec": {}})
    done = by_api(worker, api.url, "--node-name=bare")
    assert done.returncode == WRONG and "node bare, this host, has no pod CIDR" in done.stdout
    done = by_api(worker, api.url, "--node-name=nobody")
    assert done.returncode == WRONG and "there is no node nobody" in done.stdout


def test_api_server_away(worker: Worker, api: FakeApiServer) -> None:
    """One line about that, not one for each thing that could not be asked."""
    done = by_api(worker, "http://127.0.0.1:1", "-o", "json")
    assert done.returncode == WRONG
    assert [f["severity"] for f in of(done, "nodes")] == ["error"]
    assert of(done, "rbac") == []
    assert "connect" in of(done, "nodes")[0]["what"].lower()
    assert "is the port right?" in of(done, "nodes")[0]["remedy"]
    assert api.kinds() == []


def test_api_server_silent(worker: Worker) -> None:
    """Bounded in time: one that accepts and never answers."""
    with worker.listen() as silent:
        assert isinstance(silent, socket.socket)
        done = by_api(worker, f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert done.returncode == WRONG and "has not answered within 10 s" in done.stdout


# ---- at the daemon's start ----


def test_the_daemon_looks_by_itself(worker: Worker) -> None:
    """What no round looks at, once; here a CNI configuration of somebody else's, in an /etc of
    its own."""
    conf = worker.folder / "05-other.conflist"
    conf.write_text('{"plugins": [{"type": "cilium-cni"}]}', encoding="ascii")
    script = """mount -t tmpfs none /etc && mkdir -p /etc/cni/net.d && cp "$0" /etc/cni/net.d &&
        exec "$@" """
    command = ("unshare", "--mount", "sh", "-c", script, str(conf), *worker.start_command())
    daemon = worker.start(*command, name="cni")
    daemon.wait_log("^W.*05-other.conflist: comes first by name: .*cilium-cni.*take it away")
    daemon.wait_log("Running backend")
    assert daemon.log().count("comes first by name") == 1


def test_the_daemon_looks_at_the_bridge_when_the_pod_cidr_has_changed(worker: Worker) -> None:
    """Before its first round the subnet file is still the old one, which the bridge agrees with."""
    worker.batch("link add cni0 type bridge", "address add 10.1.77.1/24 dev cni0")
    worker.subnet_file.write_text("FLANNEL_SUBNET=10.1.77.1/24\n", encoding="ascii")
    daemon = worker.start_daemon()
    daemon.wait_log("Wrote subnet file")
    daemon.wait_log("^W.*cni0: has 10.1.77.1/24, from another pod CIDR; .*ip link delete cni0")
    daemon.wait_log("Watching for")
    assert daemon.log().count("another pod CIDR") == 1


@pytest.mark.parametrize(
    "text,what,remedy",
    [
        (
            "kind: Config\n",
            "there is no current-context",
            "kubectl config use-context NAME sets it",
        ),
        (
            "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\n"
            "clusters: [{name: k, cluster: {server: 'https://a', disable-compression: 1}}]\n",
            "must be true or false",
            "mend that, or make the file anew with the tool that made it",
        ),
        (None, "No such file", "check the path, and that it is mounted in the container"),
    ],
)
def test_mistakes_in_a_kubeconfig_have_a_remedy(
    worker: Worker, text: str | None, what: str, remedy: str
) -> None:
    """In a field of its own, as programs are told."""
    config = worker.folder / "kubeconfig"
    if text is not None:
        config.write_text(text, encoding="ascii")
    done = check(
        worker, "--kube-subnet-mgr", f"--kubeconfig-file={config}", *worker.host_arguments(),
        "-o", "json",
    )  # fmt: skip
    found = [finding for finding in findings(done) if what in finding["what"]]
    assert len(found) == 1 and found[0]["remedy"] == remedy, done
