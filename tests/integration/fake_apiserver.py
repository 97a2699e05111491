# SPDX-License-Identifier: GPL-2.0-or-later
"""An API server for tests: Nodes to list, watch and patch, on loopback, with faults on demand.

It speaks HTTP/1.1 over TLS (or plain) and JSON. Every request is recorded. A fault is put in
front of the next request of one kind ("list", "watch", "patch"); see the functions that make them.
"""

import base64
import json
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

Node = dict[str, Any]


class Pki:
    """A CA, and certificates that it signs, as files below one folder."""

    def __init__(self, folder: Path, name: str = "ca"):
        self._folder = folder
        self.ca = folder / f"{name}.crt"
        self._ca_key = folder / f"{name}.key"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-days", "2", "-keyout", self._ca_key, "-out", self.ca,
        )  # fmt: skip

    def _openssl(self, *arguments: object) -> None:
        command = ["openssl", *(str(argument) for argument in arguments)]
        subprocess.run(command, check=True, capture_output=True)

    def certificate(
        self, name: str, subject: str, names: str = "", days: int = 2
    ) -> tuple[Path, Path]:
        """(certificate, key); `names`: "IP:127.0.0.1,DNS:api"; days < 0: expired."""
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n" if names else "", encoding="ascii")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", subject, "-keyout", key, "-out", request,
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._ca_key,
            "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return certificate, key


def make_node(name: str, pod_cidr: str, address: str, **annotations: str) -> Node:
    """A Node with some of the weight that a real one has."""
    metadata: Node = {
        "name": name,
        "creationTimestamp": "2024-02-20T14:31:24Z",
        "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:metadata": {"f:name": {}}}}],
    }
    if annotations:
        metadata["annotations"] = {
            f"flannel.alpha.coreos.com/{key.replace('_', '-')}": value
            for key, value in annotations.items()
        }
    return {
        "metadata": metadata,
        "spec": {"podCIDR": pod_cidr, "podCIDRs": [pod_cidr]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address}],
            "images": [{"names": [f"registry/image-{n}"], "sizeBytes": 1} for n in range(50)],
        },
    }


@dataclass
class Request:
    """What came in."""

    kind: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str
    client: str | None  # the common name in the client's certificate


Fault = Callable[["_Handler"], bool]  # True: the request is answered


def status(code: int, message: str = "", **headers: str) -> Fault:
    """A Status object instead of the answer; headers as Retry_After="1"."""

    def act(handler: "_Handler") -> bool:
        handler.send_status(code, message, {k.replace("_", "-"): v for k, v in headers.items()})
        return True

    return act


def raw(body: bytes, content_type: str = "application/json") -> Fault:
    """These bytes, with status 200, then the end."""

    def act(handler: "_Handler") -> bool:
        handler.begin(content_type)
        handler.send_piece(body)
        handler.send_end()
        return True

    return act


def cut(after: int) -> Fault:
    """The right answer, but the connection breaks after so many bytes of its body."""

    def act(handler: "_Handler") -> bool:
        handler.bytes_left = after
        return False

    return act


def stall(seconds: float) -> Fault:
    """Says nothing for so long (or until the server stops), then answers."""

    def act(handler: "_Handler") -> bool:
        handler.api.stopping.wait(seconds)
        return False

    return act


def held(until: threading.Event) -> Fault:
    """Says nothing until the test allows it, then answers."""

    def act(_: "_Handler") -> bool:
        until.wait(60)
        return False

    return act


class FakeApiServer:
    """Use it as a context manager. Safe to use from the test's thread."""

    def __init__(self, certificate: tuple[Path, Path] | None = None, client_ca: Path | None = None):
        self.requests: list[Request] = []
        self.tokens: set[str] | None = None  # None: everybody is let in
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.version = 100
        self.oldest = 100  # watches from before this version are answered with 410
        self.nodes: dict[str, Node] = {}
        self.history: list[tuple[int, bytes]] = []
        self.era = 0  # watches of an earlier one end
        self._faults: dict[str, list[Fault]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        self._server.api = self  # type: ignore[attr-defined]
        self._tls = certificate is not None
        if certificate:
            self._wrap(certificate, client_ca)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def _wrap(self, certificate: tuple[Path, Path], client_ca: Path | None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        if client_ca:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.load_verify_locations(client_ca)
        # The handshake happens in the connection's own thread, at its first read.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def __enter__(self) -> "FakeApiServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self.end_watches()
        self._server.shutdown()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def kinds(self) -> list[str]:
        """The kinds of all requests so far, in order."""
        return [request.kind for request in self.requests]

    def fail_next(self, kind: str, *faults: Fault) -> None:
        """Each is used once, in order."""
        self._faults.setdefault(kind, []).extend(faults)

    def take_fault(self, kind: str) -> Fault | None:
        waiting = self._faults.get(kind)
        return waiting.pop(0) if waiting else None

    def _record(self, kind: str, node: Node) -> None:
        with self.changed:
            self.version += 1
            node["metadata"]["resourceVersion"] = str(self.version)
            self.history.append((self.version, encode({"type": kind, "object": node}) + b"\n"))
            self.changed.notify_all()

    def put(self, node: Node) -> None:
        """Adds or changes a node."""
        name = node["metadata"]["name"]
        kind = "MODIFIED" if name in self.nodes else "ADDED"
        self.nodes[name] = node
        self._record(kind, node)

    def remove(self, name: str) -> None:
        self._record("DELETED", self.nodes.pop(name))

    def bookmark(self) -> None:
        self._record("BOOKMARK", {"kind": "Node", "metadata": {}, "spec": {}, "status": {}})

    def send_event(self, text: bytes) -> None:
        """Any bytes into the running watches."""
        with self.changed:
            self.history.append((self.version, text))
            self.changed.notify_all()

    def send_error(self, code: int, message: str) -> None:
        """An ERROR event, after which the watches end."""
        error = {"kind": "Status", "status": "Failure", "code": code, "message": message}
        self.send_event(encode({"type": "ERROR", "object": error}) + b"\n")
        self.end_watches()

    def end_watches(self) -> None:
        with self.changed:
            self.era += 1
            self.changed.notify_all()

    def compact(self) -> None:
        """Forgets the past: who watches from an older version gets 410."""
        with self.changed:
            self.oldest = self.version

    def moment(self) -> tuple[int, int]:
        """Of a request: what is sent to the watches after it, is sent to its own watch."""
        with self.changed:
            return self.era, len(self.history)

    def events(self, since: int, moment: tuple[int, int]) -> Iterator[bytes]:
        """What a watch asked for at that moment sees from `since` on, until it is ended. Blocks."""
        era, position = moment
        with self.changed:
            past = [version for version, _ in self.history[:position]]
            position = next((i for i, version in enumerate(past) if version > since), position)
        while True:
            with self.changed:
                self.changed.wait_for(lambda: position < len(self.history) or self.era != era, 60)
                pieces = [text for _, text in self.history[position:]]
                position += len(pieces)
                ended = self.era != era
            yield from pieces
            if ended:
                return


def encode(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    bytes_left: int | None = None
    moment = (0, 0)  # when the request came

    @property
    def api(self) -> FakeApiServer:
        return self.server.api  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            pass  # the client went away, or did not like the certificate: the test sees why

    def send_status(self, code: int, message: str, headers: dict[str, str]) -> None:
        body = encode({"kind": "Status", "status": "Failure", "code": code, "message": message})
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def begin(self, content_type: str = "application/json") -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_piece(self, body: bytes) -> None:
        if self.bytes_left is not None:
            body = body[: self.bytes_left]
            self.bytes_left -= len(body)
        if body:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(body), body))
        if self.bytes_left == 0:
            raise ConnectionAbortedError("cut")

    def send_end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _client(self) -> str | None:
        if not isinstance(self.connection, ssl.SSLSocket):
            return None
        for part in (self.connection.getpeercert() or {}).get("subject", ()):
            for key, value in part:  # type: ignore[misc]
                if key == "commonName":
                    return str(value)
        return None

    def _serve(
        self, kind: str, query: dict[str, str], answer: Callable[[dict[str, str]], None]
    ) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length).decode()
        self.bytes_left = None
        self.moment = self.api.moment()  # before the test can see the request, and act
        self.api.requests.append(
            Request(kind, query, dict(self.headers.items()), body, self._client())
        )
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.api.tokens is not None and token not in self.api.tokens:
            self.send_status(401, "Unauthorized", {})
            return
        fault = self.api.take_fault(kind)
        if not (fault and fault(self)):
            answer(query)

    def do_GET(self) -> None:  # pylint: disable=invalid-name
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        if url.path != "/api/v1/nodes":
            self.send_status(404, "not found", {})
        elif "watch" in query:
            self._serve("watch", query, self._watch)
        else:
            self._serve("list", query, self._list)

    def do_PATCH(self) -> None:  # pylint: disable=invalid-name
        name = urlsplit(self.path).path.removeprefix("/api/v1/nodes/").removesuffix("/status")
        self._serve("patch", {"name": name}, self._patch)

    def _patch(self, query: dict[str, str]) -> None:
        if query["name"] not in self.api.nodes:
            self.send_status(404, f'nodes "{query["name"]}" not found', {})
            return
        body = encode(self.api.nodes[query["name"]])
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _page(self, query: dict[str, str]) -> tuple[list[Node], dict[str, str]]:
        """The nodes that are asked for, and the list's metadata."""
        with self.api.changed:
            nodes = sorted(self.api.nodes.values(), key=lambda node: str(node["metadata"]["name"]))
            version = self.api.version
        metadata = {"resourceVersion": str(version)}
        if "limit" not in query or query.get("resourceVersion") == "0":
            return nodes, metadata
        start = int(base64.b64decode(query["continue"])) if "continue" in query else 0
        end = start + int(query["limit"])
        if end < len(nodes):
            metadata["continue"] = base64.b64encode(str(end).encode()).decode()
        return nodes[start:end], metadata

    def _list(self, query: dict[str, str]) -> None:
        nodes, metadata = self._page(query)
        head = {"kind": "NodeList", "apiVersion": "v1", "metadata": metadata}
        self.begin()
        self.send_piece(encode(head)[:-1] + b',"items":[')
        for number, node in enumerate(nodes):
            self.send_piece((b"," if number else b"") + encode(node))
        self.send_piece(b"]}\n")
        self.send_end()

    def _watch(self, query: dict[str, str]) -> None:
        since = int(query["resourceVersion"])
        if since < self.api.oldest:
            self.send_status(410, f"too old resource version: {since}", {})
            return
        self.begin()
        self.wfile.flush()
        for event in self.api.events(since, self.moment):
            self.send_piece(event)
        self.send_end()


@dataclass
class Kubeconfig:
    """Writes a kubeconfig; a None is left out."""

    server: str
    ca: Path | None = None
    token: str | None = None
    token_file: Path | None = None
    client: tuple[Path, Path] | None = None
    cluster: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        cluster: dict[str, Any] = {"server": self.server, **self.cluster}
        user: dict[str, Any] = {}
        if self.ca:
            cluster["certificate-authority"] = str(self.ca)
        if self.token:
            user["token"] = self.token
        if self.token_file:
            user["tokenFile"] = str(self.token_file)
        if self.client:
            user["client-certificate"], user["client-key"] = map(str, self.client)
        config = {
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path
