# SPDX-License-Identifier: GPL-2.0-or-later
"""kube-proxy's chains for 10,000 Services are loaded beside the daemon: it neither grows nor works
for them. How long its own table takes beside them: tests/bench/bench_rules."""

from pathlib import Path

from lab import Lab
from nodes_file import short_yaml
from process import Process

SERVICES = 10000  # two chains each
RELOADS = 3
GROWTH_KB = 1024
CPU_S = 1.0  # for the load, all reloads and a look at all chains; it is printed
LOOK = 60.0  # seconds; it is asked for
OBSTACLE = "table ip closed { chain every { type filter hook forward priority 10; policy drop; }; }"


def chains() -> str:
    """One table for iptables-restore, as kube-proxy writes it."""
    names = [f"{i:016}" for i in range(SERVICES)]
    address = [f"{i // 256}.{i % 256}" for i in range(SERVICES)]
    head = ["*nat", ":KUBE-SERVICES - [0:0]", ":KUBE-MARK-MASQ - [0:0]"]
    declared = [f":KUBE-SVC-{name} - [0:0]\n:KUBE-SEP-{name} - [0:0]" for name in names]
    rules = [
        f"-A KUBE-SERVICES -d 10.96.{at}/32 -p tcp -m tcp --dport 80 -j KUBE-SVC-{name}\n"
        f"-A KUBE-SVC-{name} -j KUBE-SEP-{name}\n"
        f"-A KUBE-SEP-{name} -s 10.1.{at}/32 -j KUBE-MARK-MASQ\n"
        f"-A KUBE-SEP-{name} -p tcp -m tcp -j DNAT --to-destination 10.1.{at}:8080"
        for name, at in zip(names, address)
    ]
    entry = ["-A PREROUTING -j KUBE-SERVICES", "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000"]
    return "\n".join([*head, *declared, *entry, *rules, "COMMIT", ""])


def cpu_seconds(process: Process) -> float:
    """Spent by the process up to now (proc(5), schedstat: nanoseconds)."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9


def test_foreign_chains_cost_nothing() -> None:
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        lab.write_nodes_file(short_yaml(lab.nodes))
        daemon = worker.start_daemon()
        daemon.wait_log("Watching for new subnet leases")
        rules = worker.folder / "rules"
        rules.write_text(chains(), encoding="ascii")
        memory, cpu = daemon.memory("RssAnon"), cpu_seconds(daemon)
        for _ in range(1 + RELOADS):
            worker.run("sh", "-c", f"iptables-nft-restore <{rules}")
        assert worker.run("nft", "list", "chains").stdout.count("KUBE-S") > 2 * SERVICES
        # The slowest look is at what drops pods: at each chain. That it was made, it tells.
        worker.run("nft", OBSTACLE)
        daemon.reload()
        daemon.wait_log("^W.*Chain every of table ip closed drops", LOOK)
        grown, spent = daemon.memory("RssAnon") - memory, cpu_seconds(daemon) - cpu
        print(f"{2 * SERVICES} chains loaded {1 + RELOADS} times: the daemon grew by {grown} KiB "
              f"and spent {spent * 1000:.1f} ms of CPU")  # fmt: skip
        assert grown < GROWTH_KB
        assert spent < CPU_S
        # It is still there for its own.
        assert "pods to the outside" in worker.run("nft", "list", "table", "inet", "hostgw").stdout
