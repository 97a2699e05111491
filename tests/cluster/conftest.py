# SPDX-License-Identifier: GPL-2.0-or-later
"""The cluster that these tests share. It is brought up by the first one, unless it is up, and stays
until tests/cluster/down."""

from typing import Generator

import pytest

from daemon_set import DaemonSet
from measurements import Measurements
from pods import Pods
from cluster import Cluster, bring_up


@pytest.fixture(scope="session", name="cluster")
def make_cluster() -> Cluster:
    return bring_up()


@pytest.fixture(scope="session", name="measured")
def make_measurements(cluster: Cluster) -> Measurements:
    return Measurements(cluster)


@pytest.fixture(scope="session", name="installed")
def make_daemon_set(cluster: Cluster) -> DaemonSet:
    """hostgwd as users install it, and all nodes Ready."""
    daemon_set = DaemonSet(cluster)
    daemon_set.install()
    return daemon_set


@pytest.fixture(scope="session", name="pods")
def make_pods(cluster: Cluster, installed: DaemonSet) -> Pods:
    """One on each node, and services in front of them."""
    assert installed
    pods = Pods(cluster)
    pods.apply()
    return pods


@pytest.fixture(autouse=True)
def sample(measured: Measurements) -> Generator[None, None, None]:
    yield
    measured.sample()
