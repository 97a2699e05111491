# SPDX-License-Identifier: GPL-2.0-or-later
"""Who the client is: credential plugins, and files that rotate while it runs."""

import json
import os
from pathlib import Path
from typing import Any, Generator

import pytest

from fake_access import Kubeconfig, Pki
from fake_apiserver import FakeApiServer
from fake_faults import at_once, hang_up
from kube_client import Client, node, wait_watch
from plugin import Plugin, far
from waiting import poll


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def api(pki: Pki) -> Generator[FakeApiServer, None, None]:
    certificate = pki.certificate("server", "/CN=api", "IP:127.0.0.1")
    with FakeApiServer(certificate, client_ca=pki.ca) as server:
        server.put(node("a"))
        server.put(node("b"))
        yield server


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def write_config(api: FakeApiServer, pki: Pki, folder: Path, **user: Any) -> str:
    return str(Kubeconfig(api.url, ca=pki.ca, user=user).write(folder / "config"))


def used_tokens(api: FakeApiServer) -> list[str]:
    return [r.headers.get("Authorization", "").removeprefix("Bearer ") for r in api.requests]


def next_watch(api: FakeApiServer) -> None:
    """Ends the watch that runs; the next one is there."""
    count = api.kinds().count("watch")
    api.end_watches()
    wait_watch(api, count + 1)


# ---- plugins ----


def test_plugin(api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path) -> None:
    """Asked once for all requests; it is told what it wants to know, and has no rights."""
    plugin.answer(token="first", expirationTimestamp=far(3600))
    user = plugin.user(
        args=["get-token", "a b"],
        env=[{"name": "PLUGIN_SAYS", "value": "x=y"}],
        provideClusterInfo=True,
        interactiveMode="IfAvailable",
    )
    path = write_config(api, pki, tmp_path, **user)
    with Client(tmp_path, "--patch", "a", "--kubeconfig", path) as client:
        wait_watch(api)
        client.wait_line("^patched 0")
        next_watch(api)
        assert not [line for line in client.lines() if line.startswith("trouble")]
    assert plugin.runs() == 1
    assert set(used_tokens(api)) == {"first"}
    assert plugin.note("runs") == "get-token a b\n"
    assert plugin.note("variable") == "x=y"
    info = json.loads(plugin.note("info"))
    assert info["kind"] == "ExecCredential" and not info["spec"]["interactive"]
    assert info["spec"]["cluster"]["server"] == api.url
    rights = dict(line.split() for line in plugin.note("status").splitlines())
    assert rights["NoNewPrivs:"] == "1"
    for name in ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:"):
        assert int(rights[name], 16) == 0


def test_plugin_next_to_the_kubeconfig(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.answer(token="t")
    user = plugin.user()
    user["exec"]["command"] = "plugin/plugin"
    path = write_config(api, pki, tmp_path, **user)
    with Client(tmp_path, "--kubeconfig", path) as client:
        client.wait_line("^list_end 2")
    assert set(used_tokens(api)) == {"t"}


def test_plugin_is_asked_again_when_its_answer_expires(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.answer(token="old", expirationTimestamp=far(-5))
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path):
        wait_watch(api)
        plugin.answer(token="new", expirationTimestamp=far(3600))
        next_watch(api)
        runs = plugin.runs()
        next_watch(api)
        assert plugin.runs() == runs
    assert used_tokens(api)[-2:] == ["new", "new"]


def test_plugin_is_asked_again_when_its_answer_is_refused(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.answer(token="old", expirationTimestamp=far(3600))
    api.tokens = {"old"}
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path) as client:
        wait_watch(api)
        plugin.answer(token="new")
        api.tokens = {"new"}
        api.end_watches()
        wait_watch(api, 3)  # the second one is refused
        api.put(node("c"))
        client.wait_line("^node c")
        assert not [line for line in client.lines() if line.startswith("trouble")]
    assert plugin.runs() == 2


def test_plugin_without_a_good_answer_is_not_asked_all_the_time(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.answer(token="wrong")
    api.tokens = {"right"}
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path) as client:
        line = client.wait_line("^trouble .* does not accept the credentials", 2)
        assert str(plugin.script) in line
        assert plugin.runs() <= 4
        plugin.answer(token="right")
        client.wait_line("^list_end 2")


def test_plugin_gives_a_client_certificate(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    certificate, key = pki.certificate("from-plugin", "/CN=from-plugin")
    plugin.answer(
        clientCertificateData=certificate.read_text(), clientKeyData=key.read_text()
    )
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path) as client:
        client.wait_line("^list_end 2")
    assert {request.client for request in api.requests} == {"from-plugin"}


FAILURES = [
    ("echo one >&2; echo 'log in first' >&2; exit 3", "failed with exit code 3: log in first"),
    ("kill -9 $$", "signal 9 .* ended it"),
    ("echo SECRET", "its answer is not a JSON object"),
    ("head -c 1100000 /dev/zero", "its answer is longer than 1048576 bytes"),
]


@pytest.mark.parametrize("end,message", FAILURES, ids=["code", "signal", "garbage", "long"])
def test_plugin_fails(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path, end: str, message: str
) -> None:
    plugin.answer(token="SECRET")
    plugin.end(end)
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path) as client:
        line = client.wait_line(f"^trouble .*{message}")
        assert f"the credential plugin {plugin.script} of {path}: " in line
        plugin.end(":")
        client.wait_line("^recovered")
        assert "SECRET" not in client.text()
    assert not [token for token in used_tokens(api) if token != "SECRET"]


def test_plugin_that_hangs_ends_with_the_client(
    api: FakeApiServer, pki: Pki, plugin: Plugin, tmp_path: Path
) -> None:
    plugin.answer(token="t")
    plugin.end("echo $$ >pid.new; mv pid.new pid; sleep 600")
    path = write_config(api, pki, tmp_path, **plugin.user())
    with Client(tmp_path, "--kubeconfig", path):
        poll((plugin.folder / "pid").exists, "the plugin runs")
        pid = int(plugin.note("pid"))
    poll(lambda: not os.path.exists(f"/proc/{pid}"), "the plugin is gone")
    assert not api.requests


def test_missing_plugin_is_a_mistake_of_the_configuration(
    api: FakeApiServer, pki: Pki, tmp_path: Path
) -> None:
    exec_ = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "no-such-plugin",
        "installHint": "get it from the shelf",
    }
    path = write_config(api, pki, tmp_path, exec=exec_)
    with pytest.raises(AssertionError), Client(tmp_path, "--kubeconfig", path) as client:
        assert client.wait_exit() == 2
        hint = 'there is no program "no-such-plugin" in PATH: get it from the shelf'
        assert hint in client.text()
        raise AssertionError("as it should")


# ---- files that rotate ----


def break_connection(api: FakeApiServer) -> None:
    """The next watch ends without an answer, so what follows needs a new connection."""
    api.fail_next("watch", at_once(hang_up))
    api.end_watches()


def test_client_certificate_rotates(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    """Though the connection stands, the next request comes with the new one."""
    files = pki.certificate("rotating", "/CN=old")
    path = Kubeconfig(api.url, ca=pki.ca, client=files).write(tmp_path / "config")
    with Client(tmp_path, "--kubeconfig", str(path)) as client:
        wait_watch(api)
        pki.certificate("rotating", "/CN=new")
        next_watch(api)
        assert not [line for line in client.lines() if line.startswith("trouble")]
    assert [request.client for request in api.requests] == ["old"] * 3 + ["new"]


def test_ca_rotates(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    """In cluster: the server's certificate is of a new CA; then the new CA's file arrives."""
    (tmp_path / "ca.crt").write_bytes(pki.ca.read_bytes())
    (tmp_path / "token").write_text("from-pod", encoding="ascii")
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(api.port),
    }
    with Client(tmp_path, "--in-cluster", str(tmp_path), environment=environment) as client:
        wait_watch(api)
        other = Pki(tmp_path, "other-ca")
        api.use_certificate(other.certificate("other", "/CN=api", "IP:127.0.0.1"))
        break_connection(api)
        client.wait_line("^trouble .* is not signed by the CA in .*/ca.crt")
        (tmp_path / "other-ca.crt").rename(tmp_path / "ca.crt")
        client.wait_line("^recovered")
        api.put(node("c"))
        client.wait_line("^node c")
    assert api.kinds().count("list") == 1
