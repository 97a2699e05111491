# SPDX-License-Identifier: GPL-2.0-or-later
"""kube-proxy's chains for 10,000 Services are loaded beside the daemon: it neither grows nor works
for them. How long its own table takes beside them: tests/bench/bench_rules. Nor does a chain FORWARD
of thousands of rules keep it busy, which it has to read whenever rules changed."""

import time
from pathlib import Path

from lab import Lab
from nodes_file import short_yaml
from process import Process
from waiting import poll

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


FORWARD_RULES = 6000  # the kernel takes over 20 ms for reading them
TRANSACTIONS = 300
SHARE = 0.5  # of a CPU; what is printed is about 0.2, and would be 1.0 without a rest


def test_long_forward_is_read_seldom() -> None:
    with Lab(workers=1) as lab:
        worker = lab.workers[0]
        lab.write_nodes_file(short_yaml(lab.nodes))
        rules = worker.folder / "rules"
        dropped = "".join(
            f"-A FORWARD -s 192.0.{i // 250}.{i % 250}/32 -j DROP\n" for i in range(FORWARD_RULES)
        )
        rules.write_text(f"*filter\n:FORWARD DROP [0:0]\n{dropped}COMMIT\n", encoding="ascii")
        load = f"iptables-nft-restore <{rules}"
        worker.run("sh", "-c", load)
        daemon = worker.start_daemon()
        daemon.wait_log("Watching for new subnet leases")

        def ours() -> int:
            return worker.run("iptables-nft", "-S", "FORWARD").stdout.count("hostgwd: ")

        assert ours() == 2
        cpu, begin = cpu_seconds(daemon), time.monotonic()
        worker.run(
            "sh",
            "-c",
            "nft add table ip other; i=0; "
            f"while [ $i -lt {TRANSACTIONS} ]; do nft add chain ip other c$i; i=$((i+1)); done",
        )
        share = (cpu_seconds(daemon) - cpu) / (time.monotonic() - begin)
        print(f"{FORWARD_RULES} rules in FORWARD, {TRANSACTIONS} transactions of others: "
              f"{share:.2f} of a CPU")  # fmt: skip
        assert share < SHARE
        # What it is late for it does, whoever does nothing more; its own table comes first.
        worker.run("sh", "-c", f"{load}; nft delete table inet hostgw")
        poll(lambda: ours() == 2, "two rules of ours in FORWARD again")
        assert "pods to the outside" in worker.run("nft", "list", "table", "inet", "hostgw").stdout
