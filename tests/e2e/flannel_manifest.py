# SPDX-License-Identifier: GPL-2.0-or-later
"""flannel's manifest on the real API server, and its containers run without a container runtime:
each in a root of its own that has what our image has."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane import ADDRESS, ControlPlane
from lab import NETWORK, Worker, hostgwd
from process import Process

MANIFEST = Path(__file__).with_name("kube-flannel.yml")
OURS = Path(__file__).parents[2] / "deploy/hostgwd.yaml"
NAMESPACE = "kube-flannel"
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
IMAGE = "registry.example/hostgwd:test"


@dataclass(frozen=True)
class Release:
    """How a release of flannel's manifest differs from the next."""

    name: str
    install: str
    arguments: str


CONF = "/etc/kube-flannel/cni-conf.json, /etc/cni/net.d/10-flannel.conflist"
RELEASES = (
    Release("v0.27.4", "[cp]", f"[-f, {CONF}]"),
    Release("v0.28.0", "[/opt/bin/install-conf]", f"[{CONF}]"),
)


def manifest(release: Release) -> str:
    """As an administrator has it: another image, and the one sed of those who use host-gw."""
    text = MANIFEST.read_text(encoding="utf-8")
    text = text.replace("command: INSTALL", f"command: {release.install}")
    text = text.replace("args: ARGUMENTS", f"args: {release.arguments}")
    text = text.replace("ghcr.io/flannel-io/flannel:RELEASE", IMAGE)
    command = ["sed", 's/"vxlan"/"host-gw"/']
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout


def our_manifest() -> str:
    """deploy/hostgwd.yaml with the lab's Network."""
    return OURS.read_text(encoding="utf-8").replace("10.244.0.0/16", NETWORK)


class ContainerHost:
    """What kubelet does with a Pod of the DaemonSet on one worker."""

    def __init__(self, control: ControlPlane, worker: Worker, daemon_set: dict[str, Any]):
        self.worker = worker
        self.spec: dict[str, Any] = daemon_set["spec"]["template"]["spec"]
        self.pod_name = f"kube-flannel-ds-{worker.name}"
        self.host = worker.folder / "host"  # its hostPath volumes
        self._control = control
        self._root = worker.folder / "image"
        self._make_root()
        self._fill_account()
        self._create_pod()

    def _make_root(self) -> None:
        for folder in ("usr", "proc", "sys", "dev", "bin", "opt/bin", "etc", "run", "tmp"):
            (self._root / folder).mkdir(parents=True)
        for link in ("lib", "lib64"):
            (self._root / link).symlink_to(f"usr/{link}")
        shutil.copy(hostgwd(), self._root / "opt/bin/hostgwd")
        for link in ("opt/bin/flanneld", "opt/bin/install-conf", "bin/cp"):
            (self._root / link).symlink_to("/opt/bin/hostgwd")

    def _fill_account(self) -> None:
        folder = self.host / "account"
        folder.mkdir(parents=True)
        (folder / "token").write_text(self._control.account_token(NAMESPACE, "flannel"))
        (folder / "namespace").write_text(NAMESPACE)
        shutil.copy(self._control.folder / "ca.crt", folder / "ca.crt")

    def _create_pod(self) -> None:
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": self.pod_name, "namespace": NAMESPACE},
            "spec": self.spec | {"nodeName": self.worker.name},
        }
        self._control.create(pod)

    def volume(self, name: str) -> Path:
        """Where this host keeps it."""
        volume = next(v for v in self.spec["volumes"] if v["name"] == name)
        path = self.host / name
        if "configMap" in volume:
            path.mkdir(parents=True, exist_ok=True)
            found = self._control.kubectl(
                *("get", "configmap", "-n", NAMESPACE, volume["configMap"]["name"], "-o", "json")
            )
            for key, text in json.loads(found)["data"].items():
                (path / key).write_text(text, encoding="utf-8")
        elif volume["hostPath"].get("type") == "FileOrCreate":
            path.touch()
        else:
            path.mkdir(parents=True, exist_ok=True)
        return path

    def _environment(self, container: dict[str, Any]) -> list[str]:
        fields = {
            "metadata.name": self.pod_name,
            "metadata.namespace": NAMESPACE,
            "spec.nodeName": self.worker.name,
        }
        pairs = {
            variable["name"]: variable.get("value")
            or fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
            for variable in container.get("env", [])
        }
        pairs |= {
            "PATH": "/opt/bin:/bin",
            "KUBERNETES_SERVICE_HOST": ADDRESS,
            "KUBERNETES_SERVICE_PORT": "6443",
        }
        return [f"{name}={value}" for name, value in pairs.items()]

    def _command(self, container: dict[str, Any]) -> list[str]:
        """Its mounts are in a namespace of the process, and gone with it."""
        mounts = [("/usr", "/usr"), ("/proc", "/proc"), ("/sys", "/sys"), ("/dev", "/dev")]
        mounts.append((str(self.host / "account"), ACCOUNT))
        for mount in container["volumeMounts"]:
            mounts.append((str(self.volume(mount["name"])), mount["mountPath"].rstrip("/")))
        lines = []
        for source, target in mounts:
            inside = self._root / target[1:]
            inside.parent.mkdir(parents=True, exist_ok=True)
            if Path(source).is_dir():
                inside.mkdir(exist_ok=True)
            else:
                inside.touch()
            lines.append(f"mount --rbind {source} {inside}")
        script = " && ".join(lines) + ' && exec /usr/sbin/chroot "$0" /usr/bin/env -i "$@"'
        return [
            *("/usr/bin/unshare", "--mount", "sh", "-c", script, str(self._root)),
            *self._environment(container),
            *container.get("command", ["/opt/bin/hostgwd"]),
            *container.get("args", []),
        ]

    def run_init(self, name: str) -> subprocess.CompletedProcess[str]:
        container = next(c for c in self.spec["initContainers"] if c["name"] == name)
        return self.worker.run(*self._command(container), check=False)

    def start(self, name: str) -> Process:
        container = next(c for c in self.spec["containers"] if c["name"] == name)
        return self.worker.start(*self._command(container), name=name)
