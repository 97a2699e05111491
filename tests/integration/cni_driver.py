# SPDX-License-Identifier: GPL-2.0-or-later
"""What a container runtime does with a CNI configuration list: calls the plugins in turn, with
their leases in a folder of the worker's own.

Debian has no `flannel` plugin; what that one hands on to `bridge` is made here, from subnet.env.
"""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import Worker
from namespace import Namespace

PLUGINS = Path("/usr/lib/cni")  # Debian's containernetworking-plugins

FLANNEL_CONFLIST = """{
  "name": "cbr0",
  "cniVersion": "0.3.1",
  "plugins": [
    {"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}},
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
"""


@dataclass(frozen=True)
class PortMapping:
    host: int
    container: int

    def as_json(self) -> dict[str, Any]:
        return {"hostPort": self.host, "containerPort": self.container, "protocol": "tcp"}


class Cni:
    """The CNI side of one worker's container runtime."""

    def __init__(self, worker: Worker, conflist: Path):
        self.worker = worker
        self.conflist = conflist
        self.leases = worker.folder / "var-lib" / "cni" / "networks" / "cbr0"
        (worker.folder / "var-lib").mkdir()

    def _delegate(self, plugin: dict[str, Any]) -> dict[str, Any]:
        """The `bridge` configuration that the flannel plugin makes of its own."""
        lines = self.worker.subnet_file.read_text(encoding="ascii").splitlines()
        env = dict(line.split("=", 1) for line in lines)
        bridge = {
            "type": "bridge",
            "mtu": int(env["FLANNEL_MTU"]),
            "ipMasq": env["FLANNEL_IPMASQ"] != "true",
            "isGateway": True,
            **plugin["delegate"],
        }
        bridge["ipam"] = {
            "type": "host-local",
            "ranges": [[{"subnet": env["FLANNEL_SUBNET"].replace(".1/", ".0/")}]],
            "routes": [{"dst": env["FLANNEL_NETWORK"]}],
        }
        return bridge

    def _plugins(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        conf = json.loads(self.conflist.read_text(encoding="utf-8"))
        head = {"name": conf["name"], "cniVersion": conf["cniVersion"]}
        plugins = [
            self._delegate(plugin) if plugin["type"] == "flannel" else plugin
            for plugin in conf["plugins"]
        ]
        return head, plugins

    def _call(self, verb: str, pod: Namespace, conf: dict[str, Any]) -> dict[str, Any]:
        script = 'mount --bind "$0" /var/lib && exec env "$@"'
        environment = [
            f"CNI_COMMAND={verb}",
            f"CNI_CONTAINERID={pod.name}",
            f"CNI_NETNS=/run/netns/{pod.netns}",
            "CNI_IFNAME=eth0",
            f"CNI_PATH={PLUGINS}",
        ]
        done = subprocess.run(
            self.worker.entered(
                ["unshare", "--mount", "sh", "-c", script, str(self.worker.folder / "var-lib")]
                + [*environment, str(PLUGINS / conf["type"])]
            ),
            input=json.dumps(conf),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{verb} {conf['type']}: {done.stdout}{done.stderr}"
        return json.loads(done.stdout or "{}")

    @staticmethod
    def _runtime(plugin: dict[str, Any], ports: list[PortMapping]) -> dict[str, Any]:
        if ports and plugin.get("capabilities", {}).get("portMappings"):
            return {"runtimeConfig": {"portMappings": [port.as_json() for port in ports]}}
        return {}

    def add(self, pod: Namespace, *ports: PortMapping) -> list[str]:
        """Gives the pod its eth0; returns its addresses."""
        head, plugins = self._plugins()
        result: dict[str, Any] = {}
        for plugin in plugins:
            before = {"prevResult": result} if result else {}
            result = self._call(
                "ADD", pod, head | plugin | self._runtime(plugin, list(ports)) | before
            )
        return [ip["address"].split("/")[0] for ip in result["ips"]]

    def delete(self, pod: Namespace, *ports: PortMapping) -> None:
        head, plugins = self._plugins()
        for plugin in reversed(plugins):
            self._call("DEL", pod, head | plugin | self._runtime(plugin, list(ports)))

    def leased(self) -> set[str]:
        """Addresses that host-local has given out."""
        names = {path.name for path in self.leases.iterdir()} if self.leases.exists() else set()
        return {name for name in names if not name.startswith(("last_reserved", "lock"))}
