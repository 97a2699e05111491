# SPDX-License-Identifier: GPL-2.0-or-later
"""The way to the API server: proxies, redirections, names with several addresses, dead links."""

import gzip
import os
import ssl
import time
from pathlib import Path
from typing import Any, Generator

import pytest

from fake_access import Kubeconfig, Pki
from fake_apiserver import FakeApiServer
from fake_faults import Fault, status
from fake_proxy import FakeProxy
from kube_client import FIRST, PROGRAM, Client, node, wait_watch
from lab import Lab, Worker
from process import Process
from waiting import poll

NAME = "api.example"  # nobody's (RFC 2606): only a proxy, or a test's own hosts file, knows it


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def certificate(pki: Pki) -> tuple[Path, Path]:
    names = f"DNS:{NAME},DNS:localhost,IP:127.0.0.1,IP:10.96.0.1"
    return pki.certificate("server", "/CN=api", names)


def add_nodes(server: FakeApiServer) -> None:
    server.put(node("a"))
    server.put(node("b"))


@pytest.fixture
def api(certificate: tuple[Path, Path]) -> Generator[FakeApiServer, None, None]:
    with FakeApiServer(certificate) as server:
        add_nodes(server)
        yield server


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    """A namespace: its addresses and its packet filter are the test's."""
    with Lab(workers=1) as made:
        made.workers[0].batch(*(f"address add 10.96.0.{n}/32 dev lo" for n in (1, 2, 3)))
        yield made.workers[0]


def start_inside(worker: Worker, *arguments: str, **environment: str) -> Process:
    """kube_watch_print in a namespace."""
    settings = (f"{name}={value}" for name, value in environment.items())
    return worker.start("env", *settings, PROGRAM, *arguments, name="client")


def write_config(folder: Path, pki: Pki, url: str, **cluster: Any) -> str:
    made = Kubeconfig(url, ca=pki.ca, token="secret", cluster=cluster)
    return str(made.write(folder / "config"))


# ---- proxies ----


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_proxy_url(api: FakeApiServer, pki: Pki, tmp_path: Path, scheme: str) -> None:
    """The proxy gets the name, and NO_PROXY is not about it."""
    with FakeProxy(api.port) as proxy:
        proxy_url = f"{scheme}://127.0.0.1:{proxy.port}"
        cluster = {"proxy-url": proxy_url}
        path = write_config(tmp_path, pki, f"https://{NAME}:6443", **cluster)
        with Client(
            tmp_path, "--kubeconfig", path, environment={"NO_PROXY": "*", "no_proxy": NAME}
        ) as client:
            client.wait_lines(*FIRST)
        assert set(proxy.asked) == {f"{NAME}:6443"}


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_proxy_of_the_environment(
    api: FakeApiServer, pki: Pki, tmp_path: Path, variable: str
) -> None:
    with FakeProxy(api.port) as proxy:
        path = write_config(tmp_path, pki, f"https://{NAME}:6443")
        environment = {variable: f"http://127.0.0.1:{proxy.port}", "NO_PROXY": "example.com"}
        with Client(tmp_path, "--kubeconfig", path, environment=environment) as client:
            client.wait_lines(*FIRST)
        assert set(proxy.asked) == {f"{NAME}:6443"}


def test_server_on_this_host_needs_no_proxy(
    api: FakeApiServer, pki: Pki, tmp_path: Path
) -> None:
    with FakeProxy(api.port) as proxy:
        path = write_config(tmp_path, pki, api.url)
        environment = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        with Client(tmp_path, "--kubeconfig", path, environment=environment) as client:
            client.wait_lines(*FIRST)
        assert not proxy.asked


@pytest.mark.parametrize("server", ["https://127.0.0.1:1", "https://[::1]:1"])
def test_a_proxy_that_is_not_used_is_not_blamed(tmp_path: Path, server: str) -> None:
    environment = {"HTTPS_PROXY": "http://192.0.2.1:3128"}
    with Client(tmp_path, "--server", server, environment=environment) as client:
        line = client.wait_line("^trouble")
        assert f"cannot connect to {server}: connection refused" in line


@pytest.mark.parametrize("exempt", ["10.96.0.0/12", "10.96.0.1", "192.0.2.0/24"])
def test_no_proxy_for_the_service_network(
    worker: Worker, pki: Pki, certificate: tuple[Path, Path], exempt: str
) -> None:
    """The API server of a cluster is known by an address: NO_PROXY may hold its network."""
    with FakeApiServer(certificate, listener=worker.listen("10.96.0.1")) as api:
        add_nodes(api)
        path = write_config(worker.folder, pki, f"https://10.96.0.1:{api.port}")
        client = start_inside(
            worker, "--kubeconfig", path, HTTPS_PROXY="http://10.96.0.2:3128", NO_PROXY=exempt
        )
        if exempt.startswith("10.96."):
            client.wait_log("^list_end 2")
        else:
            client.wait_log("^trouble .*10.96.0.2.*; check HTTPS_PROXY and NO_PROXY")
            assert not api.requests


@pytest.mark.parametrize("refusal", ["403 Forbidden", "407 Proxy Authentication Required"])
def test_proxy_refuses(api: FakeApiServer, pki: Pki, tmp_path: Path, refusal: str) -> None:
    with FakeProxy(api.port, refusal) as proxy:
        cluster = {"proxy-url": f"http://somebody:SECRET@127.0.0.1:{proxy.port}"}
        path = write_config(tmp_path, pki, f"https://{NAME}:6443", **cluster)
        with Client(tmp_path, "--kubeconfig", path) as client:
            client.wait_line(f"^trouble .*{refusal[:3]}.*; check proxy-url in the kubeconfig")
            assert "SECRET" not in client.text()
    assert not api.requests


# ---- what the server does ----


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirection_is_not_followed(
    api: FakeApiServer, pki: Pki, tmp_path: Path, certificate: tuple[Path, Path], code: int
) -> None:
    path = write_config(tmp_path, pki, api.url)
    with FakeApiServer(certificate) as other:
        away = status(code, "", Location=f"{other.url}/api/v1/nodes")
        for kind in ("watchlist", "list"):
            api.fail_next(kind, away)
        with Client(tmp_path, "--kubeconfig", path) as client:
            client.wait_line(rf"^trouble .* a redirection \({code}\), which is not followed")
            client.wait_line("^list_end 2")
        assert not other.requests


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_old_tls_is_refused(certificate: tuple[Path, Path], pki: Pki, tmp_path: Path) -> None:
    with FakeApiServer(certificate) as api:
        context = api._context  # pylint: disable=protected-access
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        path = write_config(tmp_path, pki, api.url)
        with Client(tmp_path, "--kubeconfig", path) as client:
            client.wait_line("^trouble .* TLS with .* failed: .*protocol version")
        assert not api.requests


def compressed(change: int = 0) -> Fault:
    """The list in gzip; `change`: the last bytes of it are lost."""

    def act(handler: Any) -> bool:
        body = gzip.compress(b"".join(handler.api.list_pieces({}, False)))
        body = body[: len(body) - change]
        assert "gzip" in handler.headers["Accept-Encoding"]
        handler.send_body(200, body, {"Content-Encoding": "gzip"})
        return True

    return act


def test_gzip(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    """One that is cut off is no list."""
    path = write_config(tmp_path, pki, api.url, **{"disable-compression": False})
    api.fail_next("list", compressed(20), compressed())
    with Client(tmp_path, "--kubeconfig", path) as client:
        client.wait_line("^trouble listing Nodes")
        client.wait_line("^list_end 2")
        client.wait_line("^recovered")
    assert api.kinds().count("list") == 2


@pytest.mark.parametrize("given", [{}, {"disable-compression": True}], ids=["default", "disabled"])
def test_gzip_is_not_asked_for(
    api: FakeApiServer, pki: Pki, tmp_path: Path, given: dict[str, bool]
) -> None:
    path = write_config(tmp_path, pki, api.url, **given)
    with Client(tmp_path, "--kubeconfig", path) as client:
        client.wait_lines(*FIRST)
    assert not [r for r in api.requests if "Accept-Encoding" in r.headers]


# ---- addresses ----


def test_one_family_of_addresses_is_enough(
    api: FakeApiServer, pki: Pki, tmp_path: Path
) -> None:
    """localhost is ::1, where nobody listens, and 127.0.0.1."""
    path = write_config(tmp_path, pki, f"https://localhost:{api.port}")
    with Client(tmp_path, "--kubeconfig", path) as client:
        client.wait_lines(*FIRST)


def test_several_servers_behind_one_name(
    worker: Worker, pki: Pki, certificate: tuple[Path, Path]
) -> None:
    """The first refuses, the second is dead (packets are dropped), the third answers."""
    with FakeApiServer(certificate, listener=worker.listen("10.96.0.3")) as api:
        add_nodes(api)
        worker.run("nft", "add table ip t; add chain ip t o { type filter hook output priority 0; };"
                   "add rule ip t o ip daddr 10.96.0.2 drop")  # fmt: skip
        hosts = worker.folder / "hosts"
        hosts.write_text("".join(f"10.96.0.{n} {NAME}\n" for n in (1, 2, 3)), encoding="ascii")
        path = write_config(worker.folder, pki, f"https://{NAME}:{api.port}")
        inside = 'mount --bind "$0" /etc/hosts && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", inside, str(hosts), PROGRAM]
        client = worker.start(*command, "--kubeconfig", path, name="client")
        client.wait_log("^list_end 2", seconds=30)


def open_connections(worker: Worker, port: int) -> str:
    """Of clients, to this port."""
    return worker.run("ss", "-Htn", "state", "established", "dport", f"= :{port}").stdout


def test_dead_connection_is_noticed(
    worker: Worker, pki: Pki, certificate: tuple[Path, Path]
) -> None:
    """Packets are dropped in both directions, nobody says so, and the watch is idle. Slow: the
    connection is given up within 30 s (and some, where the machine is busy)."""
    with FakeApiServer(certificate, listener=worker.listen("10.96.0.3")) as api:
        add_nodes(api)
        url = f"https://10.96.0.3:{api.port}"
        cluster = {"tls-server-name": NAME}
        path = write_config(worker.folder, pki, url, **cluster)
        client = start_inside(worker, "--kubeconfig", path)
        wait_watch(api)
        assert open_connections(worker, api.port)
        worker.run("nft", "add table ip t; add chain ip t o { type filter hook output priority 0; };"
                   f"add rule ip t o tcp dport {api.port} drop;"
                   f"add rule ip t o tcp sport {api.port} drop")  # fmt: skip
        begun = time.monotonic()
        poll(lambda: not open_connections(worker, api.port), "the connection is given up", 45)
        print(f"given up after {time.monotonic() - begun:.1f} s")
        worker.run("nft", "delete table ip t")
        seen = client.log_end()
        api.put(node("c"))
        client.wait_log("^node c", seconds=60, since=seen)
        assert api.kinds().count("list") == 1
