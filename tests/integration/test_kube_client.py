# SPDX-License-Identifier: GPL-2.0-or-later
"""The Kubernetes client against an API server that misbehaves in every way that is known."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any, Generator

import pytest

from fake_apiserver import FakeApiServer, Kubeconfig, Pki
from fake_apiserver import cut, held, make_node, raw, stall, status
from kube_client import FIRST, PROGRAM, A, B, C, Client, node, wait_watch
from waiting import poll

CLIENT_NAME = "system:serviceaccount:kube-flannel:flannel"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def certificate(pki: Pki) -> tuple[Path, Path]:
    return pki.certificate("server", "/CN=api", "IP:127.0.0.1,DNS:api")


@pytest.fixture
def api(pki: Pki, certificate: tuple[Path, Path]) -> Generator[FakeApiServer, None, None]:
    with FakeApiServer(certificate, client_ca=pki.ca) as server:
        server.put(node("a"))
        server.put(node("b"))
        yield server


@pytest.fixture
def config(api: FakeApiServer, pki: Pki, tmp_path: Path) -> str:
    return str(Kubeconfig(api.url, ca=pki.ca, token="secret").write(tmp_path / "config"))


@pytest.fixture
def client(config: str, tmp_path: Path) -> Generator[Client, None, None]:
    with Client(tmp_path, "--kubeconfig", config) as running:
        yield running


def test_list_then_watch(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.put(node("c", public_ip="198.51.100.3"))
    api.put(node("a", public_ip="198.51.100.1"))
    api.remove("b")
    client.wait_lines(*FIRST, C + " public 198.51.100.3", A + " public 198.51.100.1", "removed b")
    assert api.kinds() == ["watchlist", "list", "watch"]
    _, listing, watch = api.requests
    assert listing.query == {"resourceVersion": "0"}
    assert watch.query["resourceVersion"] == "102"
    assert watch.query["allowWatchBookmarks"] == "true"
    assert 300 <= int(watch.query["timeoutSeconds"]) <= 600
    for request in api.requests:
        assert request.headers["Authorization"] == "Bearer secret"
        assert request.headers["User-Agent"] == "kube_watch_print/1"
        assert "Accept-Encoding" not in request.headers


def test_end_of_stream_resumes_without_list(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.put(node("c"))
    client.wait_line("node c")
    api.bookmark()
    api.end_watches()
    wait_watch(api, 2)
    api.remove("a")
    client.wait_lines(*FIRST, C, "removed a")
    assert api.kinds() == ["watchlist", "list", "watch", "watch"]
    assert api.requests[-1].query["resourceVersion"] == "104"  # the bookmark's


def test_watches_that_end_at_once_are_slowed_down(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    api.fail_next("watch", *[raw(b"")] * 4)
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^trouble watching Nodes: .* ends every watch at once")
        client.wait_line("^recovered")
        api.put(node("c"))
        client.wait_line("node c")
    assert api.kinds().count("list") == 1


@pytest.mark.parametrize("how", ["status", "event"])
def test_410_relists(api: FakeApiServer, client: Client, how: str) -> None:
    wait_watch(api)
    if how == "status":
        api.fail_next("watch", status(410, "too old resource version"))
        api.end_watches()
    else:
        api.send_error(410, "too old resource version")
    client.wait_lines(*FIRST, *FIRST)
    relist = [request for request in api.requests if request.kind == "list"][1]
    assert relist.query == {"limit": "500"}


def test_vanished_nodes_are_absent_from_the_new_list(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    unseen = threading.Event()
    api.fail_next("watch", held(unseen))  # so that no watch sees the change
    api.end_watches()
    wait_watch(api, 2)
    api.remove("a")
    api.compact()
    unseen.set()
    client.wait_lines(*FIRST, "list_begin", B, "list_end 1")


def test_relist_in_pages(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    for number in range(1200):
        api.nodes[f"x{number:04}"] = make_node(f"x{number:04}", "10.9.0.0/24", "192.0.2.9")
    api.send_error(410, "gone")
    client.wait_line("^list_end 1202$")
    assert client.lines().count("list_begin") == 2
    pages = [r.query for r in api.requests if r.kind == "list"][1:]
    assert [page["limit"] for page in pages] == ["500"] * 3
    assert ["continue" in page for page in pages] == [False, True, True]


def test_page_expires(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    for number in range(600):
        api.nodes[f"x{number:04}"] = make_node(f"x{number:04}", "10.9.0.0/24", "192.0.2.9")
    # The first page passes, the second is gone: all begins again.
    api.fail_next("list", cut(10**9), status(410, "The provided continue parameter is too old"))
    api.send_error(410, "gone")
    client.wait_line("^list_end 602$")
    assert client.lines().count("list_begin") == 3
    assert not [line for line in client.lines() if line.startswith("trouble")]


@pytest.mark.parametrize("after", [0, 1, 60, 500, 2500, 5000])
def test_cut_list_is_no_list(api: FakeApiServer, config: str, tmp_path: Path, after: int) -> None:
    api.fail_next("list", cut(after), status(500, "no"))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^trouble listing Nodes: the connection to https://127.0.0.1:.* broke")
        client.wait_line("^trouble listing Nodes: .* answers with status 500: no")
        assert not [line for line in client.lines() if line.startswith("list_end")]
        client.wait_line("^list_end 2")
        client.wait_line("^recovered")
    # Never back behind what was seen once, even if it was only a list's beginning.
    seen = "102" if after >= 500 else "0"
    lists = [request for request in api.requests if request.kind == "list"]
    assert lists[2].query["resourceVersion"] == seen


def test_relist_is_not_older(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.send_error(500, "etcd is unwell")
    client.wait_line("^trouble .* ended the watch with an error 500: etcd is unwell")
    client.wait_line("^list_end", 2)
    relist = [request for request in api.requests if request.kind == "list"][1]
    assert relist.query == {"resourceVersion": "102", "resourceVersionMatch": "NotOlderThan"}


def test_restored_etcd(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.fail_next("list", status(504, "Too large resource version: 102, current: 50"))
    api.send_error(500, "x")
    client.wait_line("^list_end", 2)
    lists = [request.query for request in api.requests if request.kind == "list"]
    assert lists[-1] == {"limit": "500"}


def test_garbage(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.send_event(b'{"type":"MODIFIED","object":{"metadata" 5}}\n')
    client.wait_line("^skipped .* one item is skipped: line 1, column 41: ':' is expected")
    api.send_event(b'{"type":"ADDED","object":{"metadata":{}}}\n{"type":"ODD"}\n{}\n')
    client.wait_line("^skipped .* line 2: a node without a name")
    client.wait_line("^skipped .* an event of unknown type", 2)
    api.put(node("c"))
    client.wait_line("node c")
    assert api.kinds() == ["watchlist", "list", "watch"]
    api.send_event(b"<html>")
    client.wait_line("^trouble watching Nodes: line 6, column 1: an event .* is expected")
    wait_watch(api, 2)
    api.remove("c")
    client.wait_line("removed c")
    assert api.kinds().count("list") == 1


def test_a_skipped_node_makes_the_list_incomplete(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    items = b'[{"metadata":{}},{"metadata":{"name":"n"}}]'
    body = b'{"metadata":{"resourceVersion":"102"},"items":' + items + b"}"
    api.fail_next("list", raw(body))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^list_end 1 incomplete")
        assert client.lines()[2] == "node n"
        wait_watch(api)
        api.send_error(410, "gone")
        client.wait_line("^list_end 2$")


def test_not_an_api_server(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    api.fail_next("list", raw(b"<html>", "text/html"), raw(b'{"kind":"x"}'))
    api.fail_next("list", raw(b"{}"), raw(b'{"items":[]}'))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line('^trouble .* the answer is "text/html", not JSON')
        client.wait_line('^trouble .* a NodeList is expected, not "x"')
        client.wait_line('^trouble .* there is no member "items"')
        client.wait_line("^trouble .* the list has no resourceVersion")
        client.wait_line("^list_end 2")


def test_each_page_tells_its_version(api: FakeApiServer, client: Client) -> None:
    """Once is not enough: a page of another program may end the list too early."""
    wait_watch(api)
    for number in range(600):
        api.nodes[f"x{number:04}"] = make_node(f"x{number:04}", "10.9.0.0/24", "192.0.2.9")
    api.fail_next("list", cut(10**9), raw(b'{"items":[]}'))
    api.send_error(410, "gone")
    client.wait_line("^trouble .* the list has no resourceVersion")
    client.wait_line("^list_end 602$")


def test_token_rotates(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n", encoding="ascii")
    api.tokens = {"old"}
    path = Kubeconfig(api.url, ca=pki.ca, token_file=token).write(tmp_path / "config")
    with Client(tmp_path, "--kubeconfig", str(path)) as client:
        wait_watch(api)
        token.write_text("new\n", encoding="ascii")
        api.tokens = {"new"}
        api.end_watches()
        wait_watch(api, 3)
        api.put(node("c"))
        client.wait_lines(*FIRST, C)  # without a word about it
    used = [request.headers["Authorization"] for request in api.requests]
    assert used == ["Bearer old"] * 4 + ["Bearer new"]


def test_401_without_remedy(api: FakeApiServer, client: Client) -> None:
    wait_watch(api)
    api.tokens = set()
    api.end_watches()
    line = client.wait_line("^trouble watching Nodes: .* does not accept the credentials")
    assert "secret" not in line
    api.tokens = None
    client.wait_line("^recovered")


def test_403_names_the_rule(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    message = f'nodes is forbidden: User "{CLIENT_NAME}" cannot list resource "nodes"'
    kubelet = 'nodes is forbidden: User "system:node:a" cannot list resource "nodes"'
    api.fail_next("list", status(403, message), status(403, kubelet))
    with Client(tmp_path, "--kubeconfig", config) as client:
        line = client.wait_line("^trouble listing Nodes: the API server forbids to list nodes")
        assert 'apiGroups: [""], resources: ["nodes"], verbs: ["list"]' in line
        assert CLIENT_NAME in line
        client.wait_line("^trouble .* use the kubeconfig of a ServiceAccount")
        client.wait_line("^list_end 2")


def test_retry_after(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    api.fail_next("list", status(429, "too many", Retry_After="2"))
    begun = time.monotonic()
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^trouble .* is overloaded or starting .429.: too many")
        client.wait_line("^list_end 2")
    assert time.monotonic() - begun >= 2


def test_a_long_retry_after_is_not_taken_for_none(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    """One client is told to wait for long and has not come back when another, which was told to
    wait for longer than the first of all waits, is through."""
    api.fail_next("list", status(429, "too many", Retry_After="7200"))
    with Client(tmp_path, "--kubeconfig", config) as long:
        long.wait_line("^trouble .* is overloaded")
        api.fail_next("list", status(429, "too many", Retry_After="2"))
        with Client(tmp_path, "--kubeconfig", config) as short:
            short.wait_line("^list_end 2")
        assert "list_begin" not in long.lines()


def test_client_certificate(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    client_certificate = pki.certificate("client", f"/CN={CLIENT_NAME}")
    path = Kubeconfig(api.url, ca=pki.ca, client=client_certificate).write(tmp_path / "config")
    with Client(tmp_path, "--kubeconfig", str(path)) as client:
        wait_watch(api)
        client.wait_lines(*FIRST)
    assert {request.client for request in api.requests} == {CLIENT_NAME}
    assert "Authorization" not in api.requests[0].headers


def test_tls_server_name(pki: Pki, tmp_path: Path) -> None:
    named = pki.certificate("named", "/CN=x", "DNS:kubernetes.example")
    with FakeApiServer(named) as api:
        plain = Kubeconfig(api.url, ca=pki.ca).write(tmp_path / "plain")
        with Client(tmp_path, "--kubeconfig", str(plain)) as client:
            client.wait_line("^trouble .* is for another name: .*set tls-server-name")
        cluster = {"tls-server-name": "kubernetes.example"}
        config = Kubeconfig(api.url, ca=pki.ca, cluster=cluster).write(tmp_path / "config")
        with Client(tmp_path, "--kubeconfig", str(config)) as client:
            client.wait_line("^list_end 0")
        assert api.requests[-1].headers["Host"] == f"127.0.0.1:{api.port}"


def test_wrong_ca(api: FakeApiServer, tmp_path: Path) -> None:
    other = Pki(tmp_path, "other")
    path = Kubeconfig(api.url, ca=other.ca).write(tmp_path / "config")
    with Client(tmp_path, "--kubeconfig", str(path)) as client:
        line = client.wait_line("^trouble")
        assert f"the certificate of {api.url} is not signed by the CA in {other.ca}" in line
    bare = ["--server", api.url]
    with Client(tmp_path, *bare) as client:
        client.wait_line("^trouble .* is not signed by a CA of this system")
    assert not api.requests


def test_expired_certificate(pki: Pki, tmp_path: Path) -> None:
    expired = pki.certificate("expired", "/CN=api", "IP:127.0.0.1", days=-1)
    with FakeApiServer(expired) as api:
        path = Kubeconfig(api.url, ca=pki.ca).write(tmp_path / "config")
        with Client(tmp_path, "--kubeconfig", str(path)) as client:
            client.wait_line("^trouble .* has expired; renew it")
        path = Kubeconfig(api.url, cluster={"insecure-skip-tls-verify": True}).write(path)
        with Client(tmp_path, "--kubeconfig", str(path)) as client:
            client.wait_line("^list_end 0")


def test_unreachable(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
        with Client(tmp_path, "--server", url) as client:
            line = client.wait_line("^trouble", 2)
    assert f"cannot connect to {url}: connection refused" in line
    with Client(tmp_path, "--server", "https://api.invalid:6443") as client:
        client.wait_line("^trouble .* cannot find the address of https://api.invalid:6443")


def test_plain_http_on_a_tls_port(tmp_path: Path) -> None:
    with FakeApiServer() as api:
        with Client(tmp_path, "--server", api.url) as client:
            client.wait_line("^list_end 0")
        with Client(tmp_path, "--server", api.url.replace("http:", "https:")) as client:
            client.wait_line("^trouble .*it seems to speak plain HTTP")


def test_in_cluster(api: FakeApiServer, pki: Pki, tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_bytes(pki.ca.read_bytes())
    (tmp_path / "token").write_text("from-pod", encoding="ascii")
    environment = {
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": str(api.port),
    }
    with Client(tmp_path, "--in-cluster", str(tmp_path), environment=environment) as client:
        client.wait_line("^list_end 2")
    assert api.requests[0].headers["Authorization"] == "Bearer from-pod"


def test_patch(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    with Client(tmp_path, "--patch", "a", "--kubeconfig", config) as client:
        client.wait_line("^patched 0")
        client.wait_line("^list_end 2")
    sent = next(request for request in api.requests if request.kind == "patch")
    assert sent.headers["Content-Type"] == "application/strategic-merge-patch+json"
    body = json.loads(sent.body)
    assert body["metadata"]["annotations"] == {"flannel.alpha.coreos.com/public-ip": "192.0.2.1"}
    assert body["status"]["conditions"][0]["reason"] == "FlannelIsUp"


def test_patch_refused(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    with Client(tmp_path, "--patch", "nobody", "--kubeconfig", config) as client:
        client.wait_line('^patched -2 .*knows no such nodes/status: nodes "nobody" not found')
    api.fail_next("patch", status(403, "no"), status(409, "conflict"))
    with Client(tmp_path, "--patch", "a", "--kubeconfig", config) as client:
        client.wait_line(r'^patched -13 .*resources: \["nodes/status"\], verbs: \["patch"\]')
    with Client(tmp_path, "--patch", "a", "--kubeconfig", config) as client:
        client.wait_line("^patched -11 somebody else changed it meanwhile: conflict")


def test_ends_at_once_in_the_middle_of_everything(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    for fault in (stall(30), cut(600)):
        api.fail_next("list", fault)
        api.fail_next("patch", stall(30))
        seen = len(api.requests)
        with Client(tmp_path, "--patch", "a", "--kubeconfig", config):
            poll(lambda: len(api.requests) >= seen + 2, "both requests")
            begun = time.monotonic()
        assert time.monotonic() - begun < 2


ENDS = ["list_begin", "node", "list_end", "trouble", "recovered", "removed", "patched"]


@pytest.mark.parametrize("where", ENDS)
def test_closed_inside_a_callback(
    api: FakeApiServer, config: str, tmp_path: Path, where: str
) -> None:
    api.fail_next("list", status(500, "no"))
    with Client(tmp_path, "--end-at", where, "--patch", "a", "--kubeconfig", config) as client:
        if where == "removed":
            wait_watch(api)
            api.remove("a")
            api.remove("b")
        client.wait_exit()
        *_, last, end = client.lines()
        assert last.split()[0] == where  # and nothing after it
        assert end.startswith("end ")


def test_messages_stay_one_line(api: FakeApiServer, config: str, tmp_path: Path) -> None:
    api.fail_next("list", status(500, "first\nlist_end \x1b[2J"))
    with Client(tmp_path, "--kubeconfig", config) as client:
        client.wait_line("^trouble .* status 500: first list_end  .2J")


def test_memory_does_not_grow_with_the_list(
    api: FakeApiServer, config: str, tmp_path: Path
) -> None:
    for number in range(3000):
        made = make_node(f"x{number:04}", "10.9.0.0/24", "192.0.2.9")
        made["status"]["images"] *= 3
        api.nodes[f"x{number:04}"] = made
    program = PROGRAM.removesuffix("_checked")
    done = subprocess.run(
        [program, "--count", "--end-at", "list_end", "--kubeconfig", config],
        check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert "list_end 3002" in done.stdout
    found = re.search(r"rss_kib=(\d+)", done.stdout)
    assert found and int(found[1]) < 16 * 1024, done.stdout
