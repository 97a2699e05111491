# SPDX-License-Identifier: GPL-2.0-or-later
"""/healthz and /readyz, as kubelet's probes ask them."""

import nodes_file
from lab import Lab, Worker
from process import Process
from waiting import poll_equal

PORT = 18081


def ask(worker: Worker, path: str) -> tuple[str, str]:
    """Status code and body; ("", ...) while nobody answers."""
    url = f"http://127.0.0.1:{PORT}{path}"
    done = worker.run("curl", "-s", "-m", "5", "-w", "\n%{http_code}", url, check=False)
    body, _, code = done.stdout.rpartition("\n")
    return code, body


def start(lab: Lab, worker: Worker, *arguments: str) -> Process:
    return worker.start_daemon("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}", *arguments)


def test_ready_once_routes_rules_and_files_are_in_place(lab: Lab) -> None:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    daemon = start(lab, worker)
    poll_equal(lambda: ask(worker, "/readyz"), ("200", "ok\n"), "/readyz")
    assert worker.subnet_file.exists() and worker.routes()
    assert ask(worker, "/healthz") == ("200", "ok\n")
    assert ask(worker, "/metricz")[0] == "404"
    assert daemon.stop() == 0


def test_not_ready_without_the_own_node(lab: Lab) -> None:
    """Alive, but not ready, and it says what it waits for; then the node is there."""
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[1:]))
    daemon = start(lab, worker)
    daemon.wait_log("Waiting: there is no node kubworker1")
    assert ask(worker, "/healthz") == ("200", "ok\n")
    code, body = ask(worker, "/readyz")
    assert code == "503" and "pod CIDR of node kubworker1" in body
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    poll_equal(lambda: ask(worker, "/readyz"), ("200", "ok\n"), "/readyz")


def test_ready_again_after_a_failed_route(lab: Lab) -> None:
    """A file that cannot be written is said, tried again, and mends itself."""
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    in_the_way = worker.folder / "run"
    in_the_way.touch()
    daemon = start(lab, worker, f"--subnet-file={in_the_way}/subnet.env")
    daemon.wait_log(r"^E.*cannot write .*/run/subnet\.env: Not a directory")
    worker.wait_routes(lab.nodes)
    assert ask(worker, "/readyz")[0] == "503"
    in_the_way.unlink()
    poll_equal(lambda: ask(worker, "/readyz"), ("200", "ok\n"), "/readyz")


def test_port_in_use_is_one_clear_line(lab: Lab) -> None:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    start(lab, worker).wait_log("Running backend")
    second = start(lab, worker, "--route-protocol=73", "--route-table=100")
    assert second.wait_exit() == 1
    assert f"port {PORT}: Address already in use" in second.log()
    assert "--healthz-port" in second.log()
