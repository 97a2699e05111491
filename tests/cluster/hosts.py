# SPDX-License-Identifier: GPL-2.0-or-later
"""What of hostgwd is on a machine, and what takes it off."""

from daemon_set import DaemonSet
from machine import Machine
from real_cluster import Cluster

# What there is of ours: routes and nexthop objects by their mark, rules by their table, and files.
LOOK = """
ip route show table all proto 72
ip nexthop show proto 72
nft list tables | grep hostgw
find /run/flannel /run/hostgw /etc/cni/net.d -mindepth 1 2>/dev/null
true
"""
PRISTINE = ""
# Everything that hostgwd could have touched. Of rules the tables' names alone, as those of others
# come and go: kube-proxy's with each service, and counters with each packet.
ALL = """
ip rule show
ip route show table all
ip -6 route show table all
ip nexthop show
nft list tables
find /run/flannel /run/hostgw /etc/cni -mindepth 1 2>/dev/null | sort
sysctl -a 2>/dev/null | grep -E '^net[.]ipv[46][.](conf[.](all|default|ens192)|neigh|ip_forward)'
"""
CNI_CONF = "--cni-conf-file=/etc/cni/net.d/10-flannel.conflist"


def left_by_us(machine: Machine) -> str:
    return machine.inside_run("sh", "-c", LOOK).stdout


def state_of(machine: Machine) -> str:
    return machine.inside_run("sh", "-c", ALL).stdout


def take_away(cluster: Cluster, daemon_set: DaemonSet) -> None:
    """As the operators' guide says."""
    daemon_set.uninstall()
    for machine in cluster.machines:
        machine.inside_run("hostgwd", "cleanup", CNI_CONF)
