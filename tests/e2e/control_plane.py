# SPDX-License-Identifier: GPL-2.0-or-later
"""A real control plane in a lab: etcd, kube-apiserver, kube-controller-manager, kube-scheduler."""

import base64
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from lab import Host, Network, Worker
from process import Process
from record import start_time
from waiting import poll

SCRIPT = Path(__file__).with_name("control-plane.sh")
ADDRESS = "192.168.2.40"
SERVER = f"https://{ADDRESS}:6443"
ANNOTATIONS = "flannel.alpha.coreos.com/"
ALLOCATION = 40.0  # seconds; the controller manager hands out pod CIDRs from 10 s after its start


def node_manifest(name: str, **spec: Any) -> dict[str, Any]:
    """A Node as an administrator would write it: nothing but its name."""
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": spec}


class ControlPlane:
    """Context manager around control-plane.sh, in a host of its own on the lab's switch. `options`
    are those of its `up`."""

    def __init__(self, lab: Network, *options: str):
        self.host: Host = lab.host("control", ADDRESS)
        self.folder = self.host.folder / "kubernetes"
        self._record = lab.record
        self._options = options

    def __enter__(self) -> "ControlPlane":
        self.up()
        return self

    def __exit__(self, *_: object) -> None:
        self.down()

    def up(self) -> None:
        self._script("up", "--netns", self.host.netns, "--address", ADDRESS, *self._options)
        self._record_processes()

    def _script(self, verb: str, *arguments: str) -> None:
        command = [str(SCRIPT), verb, str(self.folder), *arguments]
        subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=300)

    def _record_processes(self) -> None:
        """So that they end with the lab even if this process is killed."""
        for file in self._pid_files():
            self._record.add_process(int(file.read_text(encoding="ascii").split()[0]))

    def _pid_files(self) -> list[Path]:
        folder = self.folder / "pids"
        return list(folder.iterdir()) if folder.exists() else []

    def answers(self) -> bool:
        """All of it runs, and the API server is ready."""
        pids = [file.read_text(encoding="ascii").split() for file in self._pid_files()]
        alive = bool(pids) and all(start_time(int(pid)) == started for pid, started in pids)
        return alive and self.try_kubectl("get", "--raw", "/readyz").stdout == "ok"

    def down(self) -> None:
        self._script("down")

    def stop(self, component: str) -> None:
        self._script("stop", component)

    def start(self, component: str) -> None:
        self._script("start", component)
        self._record_processes()

    def kill(self, component: str) -> None:
        """SIGKILL: a crash."""
        os.kill(int((self.folder / "pids" / component).read_text().split()[0]), signal.SIGKILL)
        self.stop(component)

    def change_command(self, component: str, old: str, new: str) -> None:
        """Of its command line, from its next start on."""
        file = self.folder / "cmd" / component
        text = file.read_text()
        assert old in text, text
        file.write_text(text.replace(old, new))

    def ask_etcd(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """A POST to etcd's gateway for JSON; kubectl sends it, which saves a dependency."""
        answer = self.kubectl(
            "--server=http://127.0.0.1:2379", "create", "--raw", path, "-f", "-",
            stdin=json.dumps(body),
        )
        return json.loads(answer)

    def kubeconfig(self, name: str) -> Path:
        """admin, hostgwd, readonly; with --kubelets kube-proxy, and each kubelet's by its name"""
        return self.folder / f"{name}.kubeconfig"

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """kubectl as the administrator; it must succeed."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def try_kubectl(
        self, *arguments: str, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """The same, which may fail."""
        command = [
            str(self.folder / "bin/kubectl"),
            f"--kubeconfig={self.kubeconfig('admin')}",
            f"--cache-dir={self.folder / 'kubectl-cache'}",
            *arguments,
        ]
        return subprocess.run(
            self.host.entered(command), input=stdin or "", capture_output=True, text=True,
            timeout=300, check=False,
        )  # fmt: skip

    def create(self, manifest: dict[str, Any]) -> None:
        """kubectl create -f"""
        self.kubectl("create", "-f", "-", stdin=json.dumps(manifest))

    def create_node_timed(self, manifest: dict[str, Any]) -> float:
        """Over a connection that is there already, as kubectl takes its time; returns when the
        request was sent (time.monotonic)."""
        context = ssl.create_default_context(cafile=str(self.folder / "ca.crt"))
        pki = self.folder / "pki"
        context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        plain = self.host.inside(lambda: socket.create_connection((ADDRESS, 6443), 10))
        connection = HTTPConnection(ADDRESS)
        connection.sock = context.wrap_socket(plain, server_hostname=ADDRESS)
        with closing(connection):
            body = json.dumps(manifest)
            sent = time.monotonic()
            connection.request("POST", "/api/v1/nodes", body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            assert answer.status == 201, answer.read()
        return sent

    def node(self, name: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", "node", name, "-o", "json"))

    def annotations(self, name: str) -> dict[str, str]:
        """Those of flannel's prefix, without the prefix."""
        found = self.node(name)["metadata"].get("annotations", {})
        return {
            key.removeprefix(ANNOTATIONS): value
            for key, value in found.items()
            if key.startswith(ANNOTATIONS)
        }

    def pod_cidr(self, name: str) -> str:
        """Waits until the controller manager has handed one out."""
        return poll(
            lambda: self.node(name)["spec"].get("podCIDR"), f"pod CIDR of {name}", ALLOCATION
        )

    def account_token(self, namespace: str, account: str) -> str:
        """From the Secret that the token controller makes for it (until Kubernetes 1.24)."""
        kind = "@.type=='kubernetes.io/service-account-token'"
        query = f"jsonpath={{.items[?({kind})]['metadata.name']}}"

        def probe() -> str | None:
            names = self.kubectl("get", "secrets", "-n", namespace, "-o", query).split()
            name = next((n for n in names if n.startswith(f"{account}-token-")), None)
            return name and self.kubectl(
                "get", "secret", "-n", namespace, name, "-o", "jsonpath={.data.token}"
            )

        return base64.b64decode(poll(probe, f"token of {account}")).decode()

    def start_daemon(self, worker: Worker, *arguments: str, kubeconfig: str = "hostgwd") -> Process:
        """hostgwd on a worker, as a bare-metal administrator runs it; a later flag wins."""
        return worker.run_hostgwd(
            "--kube-subnet-mgr",
            f"--kubeconfig-file={self.kubeconfig(kubeconfig)}",
            *worker.host_arguments(),
            "--ip-masq",
            *arguments,
        )
