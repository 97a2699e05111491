# SPDX-License-Identifier: GPL-2.0-or-later
"""What of hostgwd is on a machine, and what takes it off."""

from cluster import Cluster
from daemon_set import IMAGE, DaemonSet
from guide import guides_command
from machine import Machine
from waiting import poll

PROGRAMMED = 60.0  # seconds, for kube-proxy on a busy machine

# What there is of ours: routes and nexthop objects by their mark, rules by their table, and files.
LOOK = """
ip route show table all proto 72
ip nexthop show proto 72
nft list tables | grep hostgw
find /run/flannel /run/hostgw /etc/cni/net.d -mindepth 1 2>/dev/null
true
"""
PRISTINE = ""
# Everything that hostgwd could have touched. Of iptables, where rules of others come and go with each
# service, what packets on their way meet first; and no addresses that an interface gives itself.
ALL = """
set -e
ip rule show
ip route show table all | grep -v -e ' dev veth' -e fe80::
ip -6 route show table all | grep -v -e ' dev veth' -e fe80::
ip nexthop show
nft list tables | grep -v -E ' (nat|filter|mangle|raw)$' || true
iptables-save -t filter | grep ' FORWARD '
find /run /etc/cni -path '/run/*/*' -o -path '/etc/cni/*' | grep -E 'flannel|hostgw|/etc/cni' | sort
sysctl -a 2>&1 | grep -E '^net[.]ipv[46][.](ip_f|(conf|neigh)[.](all|default|ens192)[.])'
"""


def left_by_us(machine: Machine) -> str:
    return machine.inside_run("sh", "-c", LOOK).stdout


def state_of(machine: Machine) -> str:
    return machine.inside_run("sh", "-c", ALL).stdout


def _kube_proxy_is_done(machine: Machine) -> bool:
    """It leads to the API server, which is the last of what it sets up."""
    return "10.96.0.1/32" in machine.inside_run("iptables-save", "-t", "nat").stdout


def note_pristine(cluster: Cluster) -> None:
    """What a machine was like before hostgwd ever was on it, for was_pristine."""
    for machine in cluster.machines:
        path = machine.folder / "pristine"
        if not path.exists():
            assert left_by_us(machine) == PRISTINE, "no new cluster: tests/cluster/down"
            poll(lambda m=machine: _kube_proxy_is_done(m), "kube-proxy's rules", PROGRAMMED)
            path.write_text(state_of(machine), encoding="utf-8")


def was_pristine(machine: Machine) -> str:
    return (machine.folder / "pristine").read_text(encoding="utf-8")


def clean_up(machine: Machine, *options: str) -> list[str]:
    """As the operators' guide says; what the program said."""
    command = guides_command("deploy/README.md", "ctr -n k8s.io run")
    words = command.replace("IMAGE", IMAGE).split()
    return machine.inside_run(*words, *options).stdout.splitlines()


def take_away(cluster: Cluster, daemon_set: DaemonSet) -> None:
    daemon_set.uninstall()
    for machine in cluster.machines:
        clean_up(machine)


def take_annotations_off(cluster: Cluster) -> None:
    """As the operators' guide says."""
    command = guides_command("deploy/README.md", "kubectl annotate node --all")
    cluster.control.kubectl(*command.split()[1:])


def annotations(cluster: Cluster) -> list[str]:
    """Ours, of all nodes."""
    return [key for m in cluster.machines for key in cluster.control.annotations(m.name)]
