# SPDX-License-Identifier: GPL-2.0-or-later
"""`hostgwd status` beside a running daemon: the same words as in log and metrics."""

import json
import os
import pty
import re
import socket
import statistics
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Callable, Generator

import pytest

import nodes_file
import prometheus
from fake_nodes import make_node
from fake_site import Dialect, Site
from lab import Lab, Node, Worker, hostgwd
from process import Process
from waiting import poll, poll_equal

PORT = 18081


def metrics(worker: Worker) -> prometheus.Samples:
    url = f"http://127.0.0.1:{PORT}/metrics"
    return prometheus.parse(worker.run("curl", "-s", "-m", "5", url, check=False).stdout)


def start(lab: Lab, worker: Worker, *arguments: str) -> Process:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    daemon = worker.start_daemon(*arguments)
    daemon.wait_log("Watching for new subnet leases")
    return daemon


# ---- every state in every place ----


def changed(node: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    change(node)
    return node


def without_pod_cidr(node: dict[str, Any]) -> None:
    node["spec"] = {}


def with_bad_pod_cidr(node: dict[str, Any]) -> None:
    node["spec"] = {"podCIDR": "10.1.300.0/24", "podCIDRs": ["10.1.300.0/24"]}


def without_address(node: dict[str, Any]) -> None:
    node["status"]["addresses"] = []


# State: its node, named after it. "z-": by name it comes after the one that it is in conflict with.
PEERS = {
    "routed": make_node("routed", "10.1.4.0/24", "192.168.2.45"),
    "no-pod-cidr": changed(make_node("no-pod-cidr", "", "192.168.2.60"), without_pod_cidr),
    "bad-pod-cidr": changed(make_node("bad-pod-cidr", "", "192.168.2.61"), with_bad_pod_cidr),
    "family-off": make_node("family-off", "fd00:1:7::/64", "fd00::7"),
    "outside-network": make_node("outside-network", "10.9.1.0/24", "192.168.2.62"),
    "conflict": make_node("z-conflict", "10.1.4.0/24", "192.168.2.63"),
    "host-address": make_node("host-address", "10.1.99.0/24", "192.168.2.64"),
    "other-backend": make_node(
        "other-backend", "10.1.65.0/24", "192.168.2.65", backend_type="vxlan"
    ),
    "no-next-hop": changed(make_node("no-next-hop", "10.1.66.0/24", ""), without_address),
    "bad-next-hop": make_node("bad-next-hop", "10.1.67.0/24", "192.168.2.255"),
    "own-address": make_node("own-address", "10.1.68.0/24", "192.168.2.44"),
    "off-link": make_node("off-link", "10.1.69.0/24", "192.168.9.69"),
    "refused": make_node("refused", "10.1.70.0/24", "192.168.2.70"),
    "foreign-route": make_node("foreign-route", "10.1.71.0/24", "192.168.2.71"),
    "fought-over": make_node("fought-over", "10.1.72.0/24", "192.168.2.72"),
}


def name_of(state: str) -> str:
    return "kubworker1" if state == "own" else PEERS[state]["metadata"]["name"]


@pytest.fixture(scope="module")
def site() -> Generator[Site, None, None]:
    """A daemon that has a node in each state."""
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        worker.batch(
            "address add 10.1.99.1/32 dev lo",
            "route add broadcast 192.168.2.70 dev ens192 table local",  # no gateway for the kernel
            "route add 10.1.71.0/24 via 192.168.2.99 dev ens192 proto static",
        )
        made = Site(worker, Dialect())
        made.put(worker.node)
        for node in PEERS.values():
            made.api.put(node)
        with made.api:
            made.start("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}", "-v=1")
            fight(worker)
            yield made
            made.stop()


def fight(worker: Worker) -> None:
    """Takes a route away until the daemon calls it a fight."""

    def take() -> bool:
        worker.run("ip", "route", "del", "10.1.72.0/24", "proto", "72", check=False)
        return metrics(worker).get('hostgw_nodes{state="fought-over"}') == 1

    poll(take, "a fight", 30)


def test_every_state_is_tried(site: Site) -> None:
    """A state that is not tried here is one more than these tests know of."""
    found = {
        match[1]
        for match in (re.fullmatch(r'hostgw_nodes{state="(.*)"}', n) for n in metrics(site.worker))
        if match
    }
    assert found == {*PEERS, "own", "pending"}


def assert_same_word_everywhere(
    worker: Worker, daemon: Process, state: str, name: str, count: int
) -> None:
    """In the table, about the node alone, as a metric's label and in the log; all four have it from
    the daemon's one table of words, and so has the sentence after it."""
    table = worker.status()
    assert table.returncode == 1 and table.stderr == ""
    assert re.search(rf"^{name} .* {state}$", table.stdout, re.MULTILINE), table.stdout
    alone = worker.status("--node", name)
    assert alone.returncode == (0 if state in ("routed", "own", "family-off") else 1)
    found = re.search(rf"^  state:   {state}: (.*)$", alone.stdout, re.MULTILINE)
    assert found, alone.stdout
    assert metrics(worker)[f'hostgw_nodes{{state="{state}"}}'] == count
    sentence = re.escape(found[1].split(";")[0].split("(")[0].strip()[:40])
    daemon.wait_log(rf"State of node {name}( \(.*\))?: {state}: {sentence}")


@pytest.mark.parametrize("state", [*PEERS, "own"])
def test_same_word_everywhere(site: Site, state: str) -> None:
    assert site.daemon
    assert_same_word_everywhere(site.worker, site.daemon, state, name_of(state), 1)


def test_same_word_everywhere_for_pending(lab: Lab) -> None:
    """Which is no state of one node beside others: without an address of this host all wait."""
    worker = lab.workers[0]
    daemon = start(lab, worker, "--healthz-ip=127.0.0.1", f"--healthz-port={PORT}", "-v=1")
    worker.batch("address del 192.168.2.44/24 dev ens192")
    poll(lambda: metrics(worker).get('hostgw_nodes{state="pending"}'), "pending")
    assert_same_word_everywhere(worker, daemon, "pending", "kubworker2", len(lab.nodes) - 1)


def test_table(site: Site) -> None:
    lines = site.worker.status().stdout.splitlines()
    assert lines[0].split() == ["NODE", "POD", "CIDR", "NEXT", "HOP", "STATE"]
    assert lines[-1] == "Not well: 13 of 16 nodes; 2 of 4 routes in place", lines
    assert all(len(line) <= 80 for line in lines)
    names = [line.split()[0] for line in lines[1:-1] if not line.startswith(" ")]
    assert names == sorted(names) and len(names) == 16


def test_one_node(site: Site) -> None:
    text = site.worker.status("--node=foreign-route").stdout
    assert "  read:    pod CIDR 10.1.71.0/24; next hop 192.168.2.71; created 2024-02-20" in text
    assert (
        "  kernel:  10.1.71.0/24 via 192.168.2.99 dev ens192, protocol static (4)\n" in text
    ), text
    assert re.search(r"^  since:   \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", text, re.MULTILINE)
    assert text.endswith("Node foreign-route is not well\n")
    assert "  kernel:  no route\n" in site.worker.status("--node=refused").stdout


def test_json(site: Site) -> None:
    done = site.worker.status("-o", "json")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    states = {node["node"]: node["state"] for node in answer["nodes"]}
    assert states == {name_of(state): state for state in [*PEERS, "own"]}
    assert answer["ready"] is True and answer["well"] is False
    assert answer["routes"]["desired"] == 4 and answer["routes"]["conflicts"] == 1


def test_unknown_node(site: Site) -> None:
    done = site.worker.status("--node", "nobody")
    assert (done.returncode, done.stdout) == (1, "There is no node nobody: nobody has told of it\n")


# ---- what one daemon does after another ----


def test_well_then_not_then_well(lab: Lab) -> None:
    """Without an address no route is due, and it is not ready; with it all is as before."""
    worker = lab.workers[0]
    daemon = start(lab, worker, "--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
    done = worker.status()
    assert done.returncode == 0
    assert done.stdout.endswith("All is well: 5 nodes, 4 of 4 routes in place\n")
    worker.batch("address del 192.168.2.44/24 dev ens192")
    poll(lambda: "pending" in worker.status().stdout, "pending")
    done = worker.status()
    assert done.returncode == 1 and "\ninterface: interface ens192 has no global" in done.stdout
    assert re.match(r"Not ready: \d things? (is|are) missing$", done.stdout.splitlines()[-1])
    alone = worker.status("--node=kubworker1")
    assert alone.returncode == 1 and "\nNot ready: " in alone.stdout, alone.stdout
    code = worker.run(
        "curl", "-s", "-w", "%{http_code}", f"http://127.0.0.1:{PORT}/readyz"
    ).stdout  # fmt: skip
    assert code.startswith("interface: interface ens192 has no global") and code.endswith("503")
    worker.batch("address add 192.168.2.44/24 dev ens192")
    poll_equal(lambda: worker.status().returncode, 0, "well again")
    assert daemon.stop() == 0


def test_refusal_and_recovery_are_logged(lab: Lab) -> None:
    worker = lab.workers[0]
    worker.batch("route add broadcast 192.168.2.45 dev ens192 table local")
    daemon = start(lab, worker)
    daemon.wait_log(r"State of node kubworker2 \(.*\): refused: the kernel refuses its route")
    worker.batch("route del broadcast 192.168.2.45 dev ens192 table local")
    daemon.wait_log(r"State of node kubworker2 \(.*\): routed: .* \(was refused\)")


def test_nobody_answers(lab: Lab) -> None:
    worker = lab.workers[0]
    done = worker.status()
    assert (done.returncode, done.stdout) == (1, "")
    assert f"no hostgwd answers at {worker.status_socket}: it does not run here" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_somebody_else_answers(lab: Lab) -> None:
    """Such as a daemon of a version whose answers had another form: not one word of it is shown."""
    worker = lab.workers[0]
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor() as pool:
        listener.bind(str(worker.status_socket))
        listener.listen()
        done = pool.submit(worker.status)
        client, _ = listener.accept()
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\n\r\n{}")
        client.close()
        result = done.result()
    assert (result.returncode, result.stdout) == (1, "")
    assert f"what answers at {worker.status_socket} is no hostgwd of this version" in result.stderr


def test_an_answer_without_end(lab: Lab) -> None:
    worker = lab.workers[0]
    with socket.socket(socket.AF_UNIX) as listener, ThreadPoolExecutor() as pool:
        listener.bind(str(worker.status_socket))
        listener.listen()
        done = pool.submit(worker.status)
        client, _ = listener.accept()
        client.recv(4096)
        client.sendall(b"HTTP/1.0 200 OK\r\nHostgwd-Status: well\r\n\r\n")
        with client, pytest.raises(OSError):  # it hangs up
            while True:
                client.sendall(bytes(1 << 20))
        result = done.result()
    assert (result.returncode, result.stdout) == (1, "")
    assert "too large, over 64 MiB; use --node" in result.stderr


@pytest.mark.parametrize(
    "arguments,complaint",
    [
        (["-o", "ip"], "--output=ip is a form of hostgwd plan"),
        (["--status-socket="], "--status-socket is empty"),
        (["--noode=x"], "unknown flag --noode"),
        (["kubworker1"], '"kubworker1" is no flag'),
    ],
)
def test_usage(lab: Lab, arguments: list[str], complaint: str) -> None:
    done = lab.workers[0].status(*arguments)
    assert (done.returncode, done.stdout) == (2, "") and complaint in done.stderr


# ---- the socket ----


def test_socket_is_ours_alone_and_goes_with_us(lab: Lab) -> None:
    worker = lab.workers[0]
    daemon = start(lab, worker)
    assert worker.status_socket.stat().st_mode & 0o777 == 0o600
    assert daemon.stop() == 0
    assert not worker.status_socket.exists()


def test_socket_of_a_crashed_daemon_is_replaced(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker).kill()
    assert worker.status_socket.exists()
    start(lab, worker)
    assert worker.status().returncode == 0


def test_socket_of_another_is_left_alone(lab: Lab) -> None:
    """Two daemons, one path: the second serves the name without a file."""
    first, second = lab.workers[:2]
    start(lab, first)
    path = f"--status-socket={first.status_socket}"
    daemon = start(lab, second, path)
    daemon.wait_log(f"cannot make socket {first.status_socket}: Address already in use")
    assert json.loads(first.status("-o=json").stdout)["node"] == "kubworker1"
    assert daemon.stop() == 0
    assert json.loads(first.status("-o=json").stdout)["node"] == "kubworker1"


def test_abstract_socket(lab: Lab) -> None:
    """Where no file can be made, as where a manifest mounts no folder for it."""
    worker = lab.workers[0]
    path = "--status-socket=/proc/no/such.sock"
    daemon = start(lab, worker, path)
    daemon.wait_log("^I.*cannot make socket /proc/no/such.sock: .*the abstract socket @/proc/no")
    done = worker.run(hostgwd(), "status", path)
    assert done.stdout.endswith("All is well: 5 nodes, 4 of 4 routes in place\n")
    ask = "curl -s -m 5 --abstract-unix-socket /proc/no/such.sock http://x/healthz"
    assert worker.run(*ask.split()).stdout == "ok\n"
    # A name without a file has no mode: others are turned away by who they are.
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    assert worker.run(*nobody, *ask.split(), check=False).stdout == ""


    done = worker.run(*nobody, hostgwd(), "status", path, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "hostgwd at /proc/no/such.sock hangs up; run it as root" in done.stderr


FORGER = """
import os, socket, sys
os.setuid(int(sys.argv[2]))
listener = socket.socket(socket.AF_UNIX)
listener.bind("\\0" + sys.argv[1])
listener.listen()
while True:
    client, _ = listener.accept()
    client.recv(4096)
    client.sendall(b"HTTP/1.0 200 OK\\r\\nHostgwd-Status: well\\r\\n\\r\\nAll is well\\n")
    client.close()
"""


@pytest.mark.parametrize(
    "uid,owner,believed",
    [(65534, 0, False), (65533, 65534, False), (0, 0, True), (65534, 65534, True)],
)
def test_who_is_believed(lab: Lab, uid: int, owner: int, believed: bool) -> None:
    """A name without a file is whoever's takes it first. Root is believed, and the user whose the
    path's folder is, as a daemon that runs as a user of its own is."""
    worker = lab.workers[0]
    folder = worker.folder / "served"
    folder.mkdir()
    os.chown(folder, owner, owner)
    path = folder / "it.sock"
    worker.start(sys.executable, "-c", FORGER, str(path), str(uid), name="forger")
    poll(lambda: f"@{path}" in worker.run("ss", "-xlH").stdout, "the forger listens")
    done = worker.run(hostgwd(), "status", f"--status-socket={path}", check=False)
    if believed:
        assert (done.returncode, done.stdout) == (0, "All is well\n"), done.stderr
    else:
        assert (done.returncode, done.stdout) == (1, "")
        assert f"who answers at @{path} is of user {uid}, and is not believed" in done.stderr


def test_no_socket(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker, "--status-socket=")
    assert not worker.status_socket.exists()


# ---- the terminal ----


def on_terminal(worker: Worker, environment: list[str], columns: int = 80) -> str:
    """What `hostgwd status` prints to a terminal, in an environment of these variables alone."""
    ours, theirs = pty.openpty()
    try:
        termios.tcsetwinsize(theirs, (25, columns))
        command = ["env", "-i", *environment, hostgwd(), "status"]
        command.append(f"--status-socket={worker.status_socket}")
        log = os.ttyname(theirs)
        process = worker.start("sh", "-c", 'exec "$@" >"$0" 2>&1', log, *command, name="status")
        assert process.wait_exit() == 0
        return os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_colours_on_a_terminal(lab: Lab) -> None:
    """No terminfo is needed, no shell and no variable."""
    worker = lab.workers[0]
    start(lab, worker)
    assert "\033[32mrouted\033[0m" in on_terminal(worker, [])
    assert "\033" not in on_terminal(worker, ["NO_COLOR=1"])
    assert "\033" not in on_terminal(worker, ["TERM=dumb"])


def test_a_reader_that_has_seen_enough(site: Site) -> None:
    """It is no failure, and what is said of the nodes stands."""
    socket_flag = f"--status-socket={site.worker.status_socket}"
    script = 'exec 3>&1; { "$@"; echo $? >&3; } | :'
    done = site.worker.run("sh", "-c", script, "sh", hostgwd(), "status", socket_flag)
    assert (done.stdout, done.stderr) == ("1\n", "")
    closed = ["sh", "-c", '"$@" >&-', "sh", hostgwd(), "status", socket_flag]
    done = site.worker.run(*closed, check=False)
    assert done.returncode == 1 and "standard output is closed" in done.stderr


@pytest.mark.parametrize("columns,spilled", [(80, False), (40, True), (30, True), (0, False)])
def test_narrow_terminals(lab: Lab, columns: int, spilled: bool) -> None:
    """A narrow one is not taken for one of 80 columns, which one that does not say is."""
    worker = lab.workers[0]
    start(lab, worker)
    heading = on_terminal(worker, [], columns).splitlines()[0]
    assert heading.startswith("NODE") is not spilled, heading


# ---- size ----

PEER_COUNT = 5000


@pytest.fixture(scope="module")
def crowd() -> Generator[list[Worker], None, None]:
    """Two hosts of a large cluster: one is on its nodes' link, to the other all are off-link."""
    with Lab(workers=2) as lab:
        nodes = list(lab.nodes)
        for index in range(PEER_COUNT):
            high, low = divmod(index, 250)
            cidr = f"10.{high + 2}.{low}.0/24"
            nodes.append(Node(f"n{index:04}", f"172.20.{high}.{low + 1}", cidr))
        lab.write_nodes_file(nodes_file.short_yaml(nodes))
        lab.workers[0].batch("address add 172.20.255.1/16 dev ens192")
        for worker in lab.workers:
            worker.net_conf.write_text(
                '{"Network": "10.0.0.0/8", "Backend": {"Type": "host-gw"}}', encoding="ascii"
            )
            worker.start_daemon().wait_log("Watching for new subnet leases", 60)
        yield lab.workers


def spawn(worker: Worker, command: list[str], code: int = 0) -> float:
    """How long a program takes in the worker's namespace, from start to end, in ms."""
    entered = worker.entered(command)
    with open(os.devnull, "wb") as null:
        before = time.monotonic()
        to_null = [(os.POSIX_SPAWN_DUP2, null.fileno(), 1)]
        pid = os.posix_spawnp(entered[0], entered, os.environ, file_actions=to_null)
        _, status = os.waitpid(pid, 0)
        took = (time.monotonic() - before) * 1000
    assert os.waitstatus_to_exitcode(status) == code
    return took


def test_quick_with_many_nodes(crowd: list[Worker]) -> None:
    """The figures are printed, beside what starting a program takes: `hostgwd version` does nothing
    but load the same libraries, and `ip -j route` prints as many lines of its own. A table of nodes
    in trouble is several times as long: each has its reason and a remedy."""
    well, trouble = ([hostgwd(), "status", f"--status-socket={w.status_socket}"] for w in crowd)
    programs: dict[str, tuple[list[str], int]] = {
        "true": (["true"], 0),
        "hostgwd version": ([hostgwd(), "version"], 0),
        "hostgwd status": (well, 0),
        "hostgwd status -o json": ([*well, "-o", "json"], 0),
        "all in trouble": (trouble, 1),
        "ip -j route": (["ip", "-j", "route"], 0),
    }
    lines = crowd[1].status().stdout.splitlines()
    assert sum(line.endswith(" off-link") for line in lines) == PEER_COUNT
    took: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(40):
        for name, (program, code) in programs.items():
            took[name].append(spawn(crowd[0], program, code))
    print(f"\n{PEER_COUNT} nodes, in ms{'best':>16} {'median':>8} {'worst':>8}")
    for name, times in took.items():
        print(f"{name:24} {min(times):8.1f} {statistics.median(times):8.1f} {max(times):8.1f}")
    allowed = 4 * min(took["hostgwd version"]) + 20
    assert min(took["hostgwd status"]) < allowed
    assert min(took["all in trouble"]) < allowed
