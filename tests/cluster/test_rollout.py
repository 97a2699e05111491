# SPDX-License-Identifier: GPL-2.0-or-later
"""Daemons replaced under load: restarted, killed, upgraded and taken back."""

import pytest

from daemon_set import CONTAINER, IMAGE, PREVIOUS, SET, DaemonSet
from load import Load
from measurements import Measurements
from pods import Pods
from cluster import Cluster
from waiting import poll


def test_rollout_restart(cluster: Cluster, installed: DaemonSet, pods: Pods,
                         measured: Measurements) -> None:  # fmt: skip
    before = set(installed.uids())
    measured.sample()
    with Load(cluster, pods.each()) as load:
        installed.roll_out("rollout", "restart", SET)
    load.check()
    assert not before & set(installed.uids()), "all are new ones"


def test_deleted_with_grace_0(cluster: Cluster, installed: DaemonSet, pods: Pods,
                              measured: Measurements) -> None:  # fmt: skip
    """The API server forgets the pod at once; kubelet gives the daemon its least of time."""
    before = set(installed.uids())
    measured.sample()
    with Load(cluster, pods.each()) as load:
        for machine in cluster.machines:
            installed.delete_at_once(installed.name_on(machine))
        poll(lambda: len(new := set(installed.uids()) - before) == 3 and new, "new pods", 90)
        installed.wait_rolled_out()
    load.check()


def test_killed(cluster: Cluster, installed: DaemonSet, pods: Pods,
                measured: Measurements) -> None:  # fmt: skip
    """SIGKILL: a crash, as far as cleaning up goes."""
    before = installed.containers()
    measured.sample()
    with Load(cluster, pods.each()) as load:
        for machine in cluster.machines:
            machine.inside_run("sh", "-c", "kill -KILL $(pidof hostgwd)")
        installed.wait_restarted(before)
    load.check()


@pytest.mark.parametrize("image", [PREVIOUS, IMAGE], ids=["back", "forth"])
def test_upgrade(cluster: Cluster, installed: DaemonSet, pods: Pods, measured: Measurements,
                 image: str) -> None:  # fmt: skip
    """To the previous image, and from it to the one under test."""
    versions = set(installed.versions())
    assert len(versions) == 1
    measured.sample()
    with Load(cluster, pods.each()) as load:
        installed.roll_out("set", "image", SET, f"{CONTAINER}={image}")
    load.check()
    assert not versions & set(installed.versions()), "another version runs"
    for machine in cluster.machines:
        assert "All is well" in installed.run(machine, "hostgwd", "status")
