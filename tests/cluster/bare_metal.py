# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd as a service of the host (machine_init.sh), next to nodes that have it as a pod."""

import json

from daemon_set import NAMESPACE, READY, SET, DaemonSet
from machine import Machine
from cluster import NETWORK, Cluster
from waiting import poll, poll_equal

LABEL = "hostgwd.example/bare-metal"
SETTINGS = "/etc/hostgwd/hostgwd.conf"
FILES = {
    "/etc/hostgwd/net-conf.json": f'{{"Network": "{NETWORK}", "Backend": {{"Type": "host-gw"}}}}\n',
    # As deploy/systemd has it, the state is in a folder that outlasts a reboot.
    SETTINGS: """\
FLANNELD_KUBE_SUBNET_MGR=true
FLANNELD_KUBECONFIG_FILE=/etc/hostgwd/kubeconfig
FLANNELD_NET_CONFIG_PATH=/etc/hostgwd/net-conf.json
FLANNELD_IP_MASQ=true
HOSTGW_CNI_CONF_FILE=/etc/cni/net.d/10-flannel.conflist
HOSTGW_STATE_DIR=/var/lib/hostgw
""",
}


class BareMetal:
    """Context manager: these machines leave the DaemonSet, and come back to it."""

    def __init__(self, cluster: Cluster, daemon_set: DaemonSet, machines: list[Machine]):
        self._cluster = cluster
        self._daemon_set = daemon_set
        self.machines = machines

    def _select(self, selector: dict[str, str] | None) -> None:
        patch = json.dumps({"spec": {"template": {"spec": {"nodeSelector": selector}}}})
        self._cluster.control.kubectl("--namespace", NAMESPACE, "patch", SET, "--patch", patch)

    def __enter__(self) -> "BareMetal":
        try:
            self._replace_pods()
        except BaseException:
            self._put_pods_back()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._put_pods_back()

    def _replace_pods(self) -> None:
        for machine in self._cluster.machines:
            label = f"{LABEL}={str(machine in self.machines).lower()}"
            self._cluster.control.kubectl("label", "node", machine.name, label, "--overwrite")
        self._select({LABEL: "false"})
        rest = {machine.name for machine in self._cluster.machines if machine not in self.machines}
        poll_equal(lambda: set(self._daemon_set.pods()), rest, "pods of the DaemonSet", READY)
        kubeconfig = self._cluster.control.kubeconfig("hostgwd").read_text(encoding="ascii")
        for machine in self.machines:
            machine.write("/etc/hostgwd/kubeconfig", kubeconfig)
            for path, text in FILES.items():
                machine.write(path, text)
            poll(lambda m=machine: serves(m), f"the service of {machine.name}", READY)

    def _put_pods_back(self) -> None:
        for machine in self.machines:
            machine.inside_run("rm", "-f", SETTINGS)
            machine.inside_run("sh", "-c", "kill $(cat /run/hostgwd.pid)", check=False)
        self._select(None)
        self._daemon_set.wait_rolled_out()


def serves(machine: Machine) -> bool:
    """All routes and rules are in place."""
    return machine.inside_run("hostgwd", "status", check=False).returncode == 0
