# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd taken away, and what the whole run took."""

from daemon_set import DaemonSet
from hosts import CNI_CONF, PRISTINE, left_by_us, state_of, take_away
from measurements import Measurements
from pods import Pods
from real_cluster import Cluster
from waiting import poll_equal


def test_machines_are_as_before(cluster: Cluster, installed: DaemonSet, pods: Pods,
                                measured: Measurements) -> None:  # fmt: skip
    """Routes, rules, files, and settings of the kernel: once without hostgwd, and once after it."""
    pods.delete()
    take_away(cluster, installed)
    before = [state_of(machine) for machine in cluster.machines]
    installed.install()
    assert all(left_by_us(machine) != PRISTINE for machine in cluster.machines)
    measured.sample()
    installed.uninstall()
    # Until the administrator cleans up, the network stays as it is.
    assert all("via" in left_by_us(machine) for machine in cluster.machines)
    for machine in cluster.machines:
        dry = machine.inside_run("hostgwd", "cleanup", "--dry-run", CNI_CONF)
        *said, _ = dry.stdout.splitlines()
        assert sum(line.startswith("would remove route") for line in said) == 2, said
        *done, end = machine.inside_run("hostgwd", "cleanup", CNI_CONF).stdout.splitlines()
        assert done == [line.replace("would remove", "removed") for line in said]
        assert end == f"{len(said)} removed, 0 failed"
    assert [state_of(machine) for machine in cluster.machines] == before
    assert [left_by_us(machine) for machine in cluster.machines] == [PRISTINE] * 3
    everyone = [machine.name for machine in cluster.machines]
    poll_equal(cluster.not_ready, everyone, "kubelet says that there is no network", 60)


def test_what_it_took(measured: Measurements) -> None:
    """Of all the files of tests before this one; nothing is asserted, it is printed."""
    print(measured.table())
