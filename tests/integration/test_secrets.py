# SPDX-License-Identifier: GPL-2.0-or-later
"""Tokens and keys reach no log, no command line and no core, whatever happens."""

import json
import os
from pathlib import Path
from typing import Any, Callable, Generator

import pytest

from fake_access import Kubeconfig, Pki
from fake_apiserver import FakeApiServer
from fake_faults import status
from fake_nodes import make_node
from lab import Lab, Worker, hostgwd
from plugin import Plugin
from process import Process

PLANTED = "PLANTED-t0ken.c2VjcmV0"
Arrange = Callable[["Scene"], dict[str, Any]]  # the user of the kubeconfig


class Scene:
    """A worker, an API server on its loopback, and what a test plants."""

    def __init__(self, worker: Worker, pki: Pki):
        self.worker = worker
        self.pki = pki
        self.folder = worker.folder
        certificate = pki.certificate("server", "/CN=api", "IP:127.0.0.1")
        self.api = FakeApiServer(certificate, client_ca=pki.ca, listener=worker.listen())
        self.api.put(make_node(worker.name, worker.node.pod_cidr, worker.address))
        self.planted = [PLANTED]

    def start(self, user: dict[str, Any], ca: Path | None = None, **cluster: Any) -> Process:
        made = Kubeconfig(self.api.url, ca=ca or self.pki.ca, user=user, cluster=cluster)
        path = made.write(self.folder / "kubeconfig")
        return self.start_with(f"--kubeconfig-file={path}")

    def start_with(self, *arguments: str) -> Process:
        return self.worker.run_hostgwd(
            "--kube-subnet-mgr", "-v=10", *self.worker.host_arguments(), *arguments
        )

    def check(self, daemon: Process) -> None:
        """Nothing of what was planted is to be seen."""
        for secret in self.planted:
            assert secret not in daemon.log()
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    line = process.read_text(encoding="utf-8", errors="replace")
                except OSError:
                    continue  # it has ended
                assert secret not in line, process


@pytest.fixture
def scene(tmp_path: Path) -> Generator[Scene, None, None]:
    with Lab(workers=1) as lab:
        made = Scene(lab.workers[0], Pki(tmp_path))
        with made.api:
            yield made


# ---- where a secret is ----


def token(_: Scene) -> dict[str, Any]:
    return {"token": PLANTED}


def token_file(scene: Scene) -> dict[str, Any]:
    path = scene.folder / "token"
    path.write_text(PLANTED, encoding="ascii")
    return {"tokenFile": str(path)}


def plugin(scene: Scene) -> dict[str, Any]:
    made = Plugin(scene.folder)
    made.answer(token=PLANTED)
    return made.user()


def client_key(scene: Scene) -> dict[str, Any]:
    certificate, key = scene.pki.certificate("client", "/CN=client")
    scene.planted += [line for line in key.read_text().splitlines() if "-----" not in line]
    return {"client-certificate": str(certificate), "client-key": str(key), "token": PLANTED}


WAYS = [token, token_file, plugin, client_key]


@pytest.mark.parametrize("arrange", WAYS)
def test_while_it_works_and_when_it_is_refused(scene: Scene, arrange: Arrange) -> None:
    forbidden = status(403, "nodes is forbidden")
    for kind in ("watchlist", "list", "get", "patch"):
        scene.api.fail_next(kind, forbidden, status(500, "no"))
    daemon = scene.start(arrange(scene))
    daemon.wait_log("forbids to")
    daemon.wait_log("Set condition NetworkUnavailable=False", seconds=30)
    assert any(r.headers.get("Authorization") == f"Bearer {PLANTED}" for r in scene.api.requests)
    scene.check(daemon)
    scene.api.tokens = {"another"}
    scene.api.end_watches()
    daemon.wait_log("does not accept the credentials", seconds=30)
    scene.check(daemon)
    assert daemon.stop() == 0
    scene.check(daemon)


@pytest.mark.parametrize("arrange", WAYS)
def test_with_the_wrong_ca(scene: Scene, arrange: Arrange, tmp_path: Path) -> None:
    daemon = scene.start(arrange(scene), ca=Pki(tmp_path, "other").ca)
    daemon.wait_log("is not signed by the CA in")
    scene.check(daemon)
    assert not scene.api.requests


# ---- a kubeconfig that is broken where the secret is ----


def broken(user: str) -> str:
    return (
        "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
        "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:1'}}]\n"
        f"users:\n- name: u\n  user:\n{user}"
    )


BROKEN = {
    "no scalar": f"    token: {PLANTED}: x\n",
    "cut off": f'    token: "{PLANTED}\n',
    "alias": f"    token: *{PLANTED}\n",
    "anchor": f"    token: &{PLANTED} x\n",
    "tag": f"    token: !{PLANTED} x\n",
    "twice": f"    token: {PLANTED}\n    token: {PLANTED}\n",
    "two lines": f'    token: "{PLANTED}\\n{PLANTED}"\n',
    "blank": f"    token: {PLANTED} {PLANTED}\n",
    "a list": f"    token: [{PLANTED}]\n",
    "tab": f"    token: x\n\t{PLANTED}: y\n",
    "control": f"    token: {PLANTED}\x01\n",
    "no base64": f"    client-key-data: {PLANTED}\n",
    "no pem": "    client-key-data: UExBTlRFRA==\n",
    "password": f"    username: u\n    password: {PLANTED}\n    client-key-data: x\n",
    "plugin": "    exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, "
    f"env: [{{name: A, value: {PLANTED}, {PLANTED}]}}\n",
    "variable": "    exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, "
    f"env: [{{name: '', value: {PLANTED}}}]}}\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_kubeconfig(scene: Scene, name: str) -> None:
    path = scene.folder / "kubeconfig"
    path.write_text(broken(BROKEN[name]), encoding="utf-8")
    scene.planted.append("PLANTED")
    daemon = scene.start_with(f"--kubeconfig-file={path}")
    assert daemon.wait_exit() == 2, daemon.log()
    assert str(path) in daemon.log()
    scene.check(daemon)


def test_bad_token_file(scene: Scene) -> None:
    path = scene.folder / "token"
    path.write_text(f"{PLANTED}\n{PLANTED}\n", encoding="ascii")
    daemon = scene.start({"tokenFile": str(path)})
    assert daemon.wait_exit() == 2
    assert "one line of plain characters" in daemon.log()
    scene.check(daemon)


PROXIES = {
    "nobody there": f"http://me:{PLANTED}@127.0.0.1:1",
    "no proxy": f"ftp://me:{PLANTED}@127.0.0.1:1",
    "port": f"http://me:{PLANTED}@127.0.0.1:99999",
    "blank": f"http://me:x {PLANTED}@127.0.0.1:1",
    "bracket": f"http://me:{PLANTED}@[::1:1",
    "long": f"http://{'me' * 30}:{PLANTED}{'x' * 300}@127.0.0.1:99999",
}


@pytest.mark.parametrize("name", PROXIES)
def test_password_of_a_proxy(scene: Scene, name: str) -> None:
    daemon = scene.start({}, **{"proxy-url": PROXIES[name]})
    daemon.wait_log("proxy-url")
    scene.check(daemon)
    if name != "nobody there":
        assert daemon.wait_exit() == 2


@pytest.mark.parametrize("name", PROXIES)
def test_password_of_a_proxy_in_the_environment(
    scene: Scene, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", PROXIES[name])
    made = Kubeconfig("https://192.0.2.1:6443", ca=scene.pki.ca)
    daemon = scene.start_with(f"--kubeconfig-file={made.write(scene.folder / 'kubeconfig')}")
    daemon.wait_log("check .*HTTPS_PROXY and NO_PROXY")
    scene.check(daemon)


def test_password_in_the_url_of_the_server(scene: Scene) -> None:
    made = Kubeconfig(f"https://admin:{PLANTED}@192.0.2.1:6443", ca=scene.pki.ca)
    daemon = scene.start_with(f"--kubeconfig-file={made.write(scene.folder / 'kubeconfig')}")
    assert daemon.wait_exit() == 2
    assert "without user or password" in daemon.log()
    scene.check(daemon)


def test_answer_of_a_plugin_is_not_told(scene: Scene) -> None:
    made = Plugin(scene.folder)
    for answer in (PLANTED, json.dumps({"kind": PLANTED}), '{"token": "' + PLANTED):
        made.say(answer)
        daemon = scene.start(made.user())
        daemon.wait_log("the credential plugin .* its answer is not")
        scene.check(daemon)
        assert daemon.stop() == 0


def test_no_core(scene: Scene) -> None:
    """Wherever cores would go: the kernel makes none of this process (prctl(2), PR_SET_DUMPABLE)."""
    made = Kubeconfig(scene.api.url, ca=scene.pki.ca, token=PLANTED)
    path = made.write(scene.folder / "kubeconfig")
    script = f'cd {scene.folder} && ulimit -c unlimited && exec "$0" "$@"'
    daemon = scene.worker.start(
        "sh", "-c", script, hostgwd(), "--kube-subnet-mgr", f"--kubeconfig-file={path}",
        *scene.worker.host_arguments(), name="hostgwd",
    )  # fmt: skip
    daemon.wait_log("Running backend")
    os.kill(daemon.pid, 11)
    ended = os.waitid(os.P_PID, daemon.pid, os.WEXITED | os.WNOWAIT)
    assert ended and ended.si_status == 11
    assert ended.si_code == os.CLD_KILLED, "a core was dumped"
