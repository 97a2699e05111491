# SPDX-License-Identifier: GPL-2.0-or-later
"""As a service: what systemd is told, SIGHUP, and the watchdog."""

from typing import Generator

import pytest

import nodes_file
from lab import NET_CONF, Lab, Worker, write_atomically
from supervisor import Supervisor, wedged
from test_health import PORT, ask
from waiting import poll, poll_equal

FLAGS = ("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
# 10.1.0.0/24 to 10.1.3.0/24: kubworker2's 10.1.4.0/24 lies outside.
SMALLER = NET_CONF.replace("/16", "/22")


@pytest.fixture
def worker(lab: Lab) -> Worker:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    return lab.workers[0]


@pytest.fixture
def systemd(worker: Worker) -> Generator[Supervisor, None, None]:
    with Supervisor(worker) as made:
        yield made


def test_life(worker: Worker, systemd: Supervisor) -> None:
    daemon = systemd.start_daemon()
    ready = systemd.wait("READY=1")
    assert systemd.said[0] == "STATUS=starting"
    assert ready.splitlines() == ["READY=1", f"STATUS={systemd.said[1].split('STATUS=')[1]}"]
    assert len(worker.routes()) == 4 and worker.subnet_file.exists()
    systemd.wait(lambda text: "5 nodes; 4 of 4 routes in place, 0 in conflict" in text)
    assert daemon.stop() == 0
    systemd.listen()
    assert systemd.said[-1].startswith("STOPPING=1")
    assert [text for text in systemd.said if "READY=1" in text] == [ready]


def test_not_ready_says_what_it_waits_for(lab: Lab, systemd: Supervisor) -> None:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes[1:]))
    systemd.start_daemon()
    systemd.wait("STATUS=waiting for a pod CIDR of node kubworker1")
    assert not any("READY" in text for text in systemd.said)
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    systemd.wait("READY=1")


def test_reload_follows_the_files(lab: Lab, worker: Worker, systemd: Supervisor) -> None:
    """net-conf.json at SIGHUP only; a nodes file also where no event told of it."""
    daemon = systemd.start_daemon()
    systemd.wait("READY=1")
    monitor = worker.monitor_routes("monitor", "route")

    seen = len(systemd.said)
    write_atomically(worker.net_conf, SMALLER)
    daemon.reload()
    systemd.wait("RELOADING=1\nMONOTONIC_USEC=", seen)
    systemd.wait("READY=1", seen)
    worker.wait_routes([node for node in lab.nodes if node.name != "kubworker2"])
    daemon.wait_log(r"The network's configuration has changed: 10\.1\.0\.0/22")
    assert [line for line in monitor.events() if not line.startswith("Deleted 10.1.4.0/24 ")] == []

    write_atomically(worker.net_conf, NET_CONF)
    daemon.reload()
    worker.wait_routes(lab.nodes)
    # What the new networks bring is watched, too.
    worker.batch("route delete 10.1.4.0/24")
    worker.wait_routes(lab.nodes)

    fewer = nodes_file.short_yaml(lab.nodes[:-1])
    with open(lab.nodes_file, "r+", encoding="utf-8") as unfinished:
        unfinished.truncate(0)
        unfinished.write(fewer)
        unfinished.flush()  # not closed: inotify has not told of it
        daemon.reload()
        worker.wait_routes(lab.nodes[:-1])


@pytest.mark.parametrize(
    "text, line",
    [
        ('{"Network": "10.1.0.0/16"', r"^E.*net-conf\.json.*the network stays as it is"),
        (None, r"^E.*net-conf\.json.*the network stays as it is"),
    ],
    ids=["broken", "missing"],
)
def test_reload_of_a_bad_net_conf_changes_nothing(
    lab: Lab, worker: Worker, systemd: Supervisor, text: str | None, line: str
) -> None:
    daemon = systemd.start_daemon()
    systemd.wait("READY=1")
    monitor = worker.monitor_routes("monitor", "route")
    if text is None:
        worker.net_conf.unlink()
    else:
        write_atomically(worker.net_conf, text)
    seen = len(systemd.said)
    daemon.reload()
    daemon.wait_log(line)
    systemd.wait("RELOADING=1", seen)
    systemd.wait("READY=1", seen)
    # Proof that a round went by: one that repairs.
    worker.batch("route delete 10.1.4.0/24")
    worker.wait_routes(lab.nodes)
    assert [event for event in monitor.events() if "10.1.4.0/24" not in event] == []


def test_reload_says_again_what_is_wrong(lab: Lab, worker: Worker, systemd: Supervisor) -> None:
    daemon = systemd.start_daemon()
    systemd.wait("READY=1")
    lab.write_nodes_file("- name: kubworker1\n")
    daemon.wait_log(r"^W.*keeping the last good nodes file.*kubworker1 has no podCIDR")
    seen = daemon.log_end()
    daemon.reload()
    daemon.wait_log(r"^W.*keeping the last good nodes file.*kubworker1 has no podCIDR", since=seen)
    worker.wait_routes(lab.nodes)


def test_a_wedged_loop(worker: Worker, systemd: Supervisor) -> None:
    """No answer to /healthz and no life sign to the watchdog; both again when it turns again.

    What ships needs no hook for this: a loop that never comes back from a call is one whose thread
    does not go on, and that can be had from outside. The sockets stay open and the kernel accepts
    clients in the daemon's name, and the pool's threads, which write the warm state, run: neither
    may feed the watchdog.
    """
    daemon = systemd.start_daemon(*FLAGS, watchdog=0.2)
    systemd.wait("READY=1")
    systemd.wait("WATCHDOG=1")
    poll_equal(lambda: ask(worker, "/healthz"), ("200", "ok\n"), "/healthz")
    with wedged(daemon):
        systemd.listen()
        assert ask(worker, "/healthz")[0] == "000"  # for the 5 s that curl has
        done = worker.status()
        assert (done.returncode, done.stdout) == (1, "")
        assert "hostgwd runs, but has not answered" in done.stderr
        assert "restart it (systemctl restart hostgwd, or delete its pod)" in done.stderr
        assert systemd.listen() == []
    poll(lambda: "WATCHDOG=1" in systemd.listen(), "the watchdog is fed again")
    assert ask(worker, "/healthz") == ("200", "ok\n")


def test_nobody_listens(worker: Worker) -> None:
    """A variable left over from elsewhere: one warning, and the daemon runs."""
    command = worker.start_command()
    daemon = worker.start("env", "NOTIFY_SOCKET=/nowhere", *command, name="hostgwd")
    daemon.wait_log(r"^W.*NOTIFY_SOCKET=/nowhere: No such file or directory.*unset it")
    daemon.wait_log("Running backend")
