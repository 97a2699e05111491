# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd taken away by the guide's commands, and what the whole run took."""

from cluster import Cluster
from daemon_set import DaemonSet
from hosts import (
    PRISTINE,
    annotations,
    clean_up,
    left_by_us,
    state_of,
    take_annotations_off,
    was_pristine,
)
from measurements import Measurements
from pods import Pods
from waiting import poll_equal


def test_machines_are_as_before(cluster: Cluster, installed: DaemonSet, pods: Pods,
                                measured: Measurements) -> None:  # fmt: skip
    """As they were before hostgwd was installed for the first time: routes, rules, files, settings
    of the kernel. The bridge is the CNI plugins', and would go with a reboot."""
    pods.delete()
    measured.sample()
    installed.uninstall()
    assert all("via" in left_by_us(machine) for machine in cluster.machines), "pods need it"
    for machine in cluster.machines:
        *said, _ = clean_up(machine, "--dry-run")
        assert sum(line.startswith("would remove route") for line in said) == 2, said
        *done, end = clean_up(machine)
        assert done == [line.replace("would remove", "removed") for line in said]
        assert end == f"{len(said)} removed, 0 failed"
        assert left_by_us(machine) == PRISTINE
        machine.run("ip", "link", "delete", "cni0")
        poll_equal(lambda m=machine: state_of(m), was_pristine(machine), "what it was like")
    everyone = [machine.name for machine in cluster.machines]
    poll_equal(cluster.not_ready, everyone, "kubelet says that there is no network", 60)


def test_annotations_are_gone(cluster: Cluster) -> None:
    assert annotations(cluster)
    take_annotations_off(cluster)
    assert annotations(cluster) == []


def test_what_it_took(measured: Measurements) -> None:
    """Of all the files of tests before this one; nothing is asserted, it is printed."""
    print(measured.table())
