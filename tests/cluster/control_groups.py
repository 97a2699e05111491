# SPDX-License-Identifier: GPL-2.0-or-later
"""Control groups for a machine, below this process's own (cgroups(7), version 1): kubelet divides
what it finds there among pods."""

from pathlib import Path

from record import Record, remove_group

# A shell's words: joins the groups up to "--", then becomes the rest.
JOIN = 'set -e; while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs"; shift; done; shift; exec "$@"'


def _mount_points() -> dict[frozenset[str], Path]:
    """Of the hierarchies, by their controllers."""
    found = {}
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        mount, _, source = line.partition(" - ")
        kind, _, options = source.split()
        if kind == "cgroup":
            found[frozenset(options.split(","))] = Path(mount.split()[4])
    return found


def own_groups() -> list[Path]:
    """That of this process in each hierarchy that has controllers."""
    groups = []
    mounted = _mount_points()
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        for options, point in mounted.items():
            if controllers and set(controllers.split(",")) <= options and "=" not in controllers:
                groups.append(point / path.lstrip("/"))
    assert groups, (
        "no cgroup v1 controllers are mounted; a cluster's kubelets need them: "
        "boot with systemd.unified_cgroup_hierarchy=0 systemd.legacy_systemd_cgroup_controller"
    )
    return groups


def make_groups(record: Record, name: str) -> list[Path]:
    """A new one in each hierarchy; one that an earlier machine left is made anew."""
    made = []
    for parent in own_groups():
        group = parent / name
        record.add_group(group)
        if group.exists():
            remove_group(group)
        group.mkdir()
        for setting in ("cpuset.cpus", "cpuset.mems"):
            if (parent / setting).exists():  # without these nothing can join
                (group / setting).write_text((parent / setting).read_text())
        made.append(group)
    return made


def joined(groups: list[Path], command: list[str]) -> list[str]:
    """`command` to be run in these groups."""
    return ["sh", "-c", JOIN, "join", *map(str, groups), "--", *command]
