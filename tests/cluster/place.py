# SPDX-License-Identifier: GPL-2.0-or-later
"""Where the cluster is. On a disk where programs may run: /run is neither on many machines."""

import os
import re
from pathlib import Path

from record import PREFIX

PARENT = Path("/var/tmp")  # its lock (record.one_at_a_time) is for bringing up and down


def cluster_folder() -> Path:
    """$HOSTGW_CLUSTER is a name, for those who want two of them."""
    name = os.environ.get("HOSTGW_CLUSTER", "cluster")
    assert re.fullmatch("[a-z0-9]+", name), f"HOSTGW_CLUSTER is no name: {name}"
    return PARENT / f"{PREFIX}-{name}"
