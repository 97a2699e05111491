# SPDX-License-Identifier: GPL-2.0-or-later
"""An API server for tests: Nodes to list, watch and patch, with faults on demand.

It speaks HTTP/1.1 over TLS (or plain). As it comes it is an old one: JSON only, no WatchList.
Every request is recorded. A fault is put in front of the next request of one kind ("list",
"watchlist", "watch", "get", "patch"); fake_faults.py makes them.
"""

import base64
import json
import re
import socket
import ssl
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable
from urllib.parse import parse_qsl, urlsplit

from fake_access import Kubeconfig, Pki
from fake_encoding import JSON, PROTOBUF, encode, encode_event, encode_failure, encode_list
from fake_faults import Action, Fault, cut, held, raw, stall, status
from fake_nodes import FakeNodes, Node, failure, make_node

__all__ = [
    "FakeApiServer", "Kubeconfig", "Node", "Pki", "Request", "cut", "encode", "held", "make_node",
    "raw", "stall", "status",
]  # fmt: skip

NODES = "/api/v1/nodes"
EVENTS = "/api/v1/namespaces/default/events"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
PODS = re.compile("/api/v1/namespaces/([^/]+)/pods/([^/]+)")
Query = dict[str, str]


@dataclass
class Request:
    """What came in."""

    kind: str
    query: Query
    headers: dict[str, str]
    body: str
    client: str | None  # the common name in the client's certificate
    protobuf: bool  # is what the answer is written in, if all goes well


def loopback_listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


class FakeApiServer(FakeNodes):
    """Use it as a context manager. Safe to use from the test's thread.

    `listener`: a socket that listens already, in a network namespace say. `watch_list`: what
    becomes of sendInitialEvents: "refused" with 422, "ignored", or "spoken". `page`: the most
    Nodes in a page where the client asks for pages.
    """

    def __init__(
        self,
        certificate: tuple[Path, Path] | None = None,
        client_ca: Path | None = None,
        listener: socket.socket | None = None,
        protobuf: bool = False,
        watch_list: str = "refused",
        page: int = 500,
    ):
        super().__init__()
        self.requests: list[Request] = []
        self.tokens: set[str] | None = None  # None: everybody is let in
        self.pods: dict[str, str] = {}  # "namespace/pod": the node it runs on, "" if none yet
        self.told: dict[str, dict[str, Any]] = {}  # Events that the client made, by name
        self.denied: set[str] = set()  # what reviews say is not allowed: "patch nodes/status"
        self.stopping = threading.Event()
        self.protobuf = protobuf
        self.watch_list = watch_list
        self.page = page
        self._faults: dict[str, list[Fault]] = {}
        self._snapshots: dict[int, list[Node]] = {}  # what lists were begun of, by version
        self._lists: dict[tuple[object, ...], list[bytes]] = {}
        self._tls = certificate is not None
        self._server = ThreadingHTTPServer(("", 0), _Handler, bind_and_activate=False)
        self._server.daemon_threads = True
        self._server.api = self  # type: ignore[attr-defined]
        self._server.socket.close()
        self._server.socket = listener or loopback_listener()
        self._port = int(self._server.socket.getsockname()[1])
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            self._wrap(certificate, client_ca)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    def _wrap(self, certificate: tuple[Path, Path], client_ca: Path | None) -> None:
        self.use_certificate(certificate)
        if client_ca:
            self._context.verify_mode = ssl.CERT_OPTIONAL
            self._context.load_verify_locations(client_ca)
        # The handshake happens in the connection's own thread, at its first read.
        self._server.socket = self._context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )

    def use_certificate(self, certificate: tuple[Path, Path]) -> None:
        """From the next connection on."""
        self._context.load_cert_chain(*certificate)

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
        return self._port

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

    def has_fault(self, kind: str) -> bool:
        """One that no request has met yet."""
        return bool(self._faults.get(kind))

    def _page(self, query: Query) -> tuple[int, list[Node], int, int]:
        """A list's version, the Nodes it had then, and which of them are asked for. The pages
        of a list are all of the moment when its first one was asked for."""
        with self.changed:
            if "continue" in query:
                version, start = map(int, base64.b64decode(query["continue"]).split(b":"))
            else:
                version, start = self.version, 0
                by_name = sorted(self.nodes.values(), key=lambda n: str(n["metadata"]["name"]))
                self._snapshots[version] = by_name
            nodes = self._snapshots[version]
        end = len(nodes)
        if "limit" in query and query.get("resourceVersion") != "0":
            end = min(end, start + min(int(query["limit"]), self.page))
        return version, nodes, start, end

    def list_pieces(self, query: Query, protobuf: bool) -> list[bytes]:
        """A list's body. It is made once and kept while no other is asked for."""
        version, nodes, start, end = self._page(query)
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if end < len(nodes):
            metadata["remainingItemCount"] = len(nodes) - end
            metadata["continue"] = base64.b64encode(f"{version}:{end}".encode()).decode()
        key = (version, len(nodes), start, end, protobuf)
        with self.changed:
            if key not in self._lists:
                self._lists = {key: encode_list(nodes[start:end], metadata, protobuf)}
            return self._lists[key]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    # What a fault wants of this request: an action after so many bytes (or items) of the body;
    # a Content-Length.
    plan: tuple[int, Action] | None = None
    plan_counts_items = False
    promised: int | None = None
    moment = (0, 0)  # when the request came
    protobuf = False  # what is answered
    sent = ""  # the request's body

    @property
    def api(self) -> FakeApiServer:
        return self.server.api  # type: ignore[attr-defined,no-any-return]

    def log_message(self, *_: Any) -> None:
        pass

    def handle(self) -> None:
        try:
            super().handle()
        except (OSError, ValueError):
            pass  # the client went away, or did not like the certificate: the test sees why

    # ---- the parts of an answer ----

    def send_body(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        self.send_header("Content-Type", PROTOBUF if self.protobuf else JSON)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_status(self, code: int, message: str, headers: dict[str, str]) -> None:
        self.send_body(code, encode_failure(failure(code, message), self.protobuf), headers)

    def begin(self, content_type: str = "") -> None:
        kind = PROTOBUF if self.protobuf else JSON
        self.send_response(200)
        self.send_header("Content-Type", content_type or kind)
        if self.promised is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(self.promised))
        self.end_headers()

    def send_chunk(self, body: bytes) -> None:
        if body:
            framed = b"%x\r\n%s\r\n" % (len(body), body) if self.promised is None else body
            self.wfile.write(framed)

    def send_piece(self, body: bytes) -> None:
        """An item or event, or what is around them."""
        if self.plan:
            count, action = self.plan
            size = 1 if self.plan_counts_items else len(body)
            self.plan = (count - size, action)
            if count < size or count == 0:
                self.plan = None
                before = 0 if self.plan_counts_items else count
                self.send_chunk(body[:before])
                body = body[before:]
                action(self)
        self.send_chunk(body)

    def send_end(self) -> None:
        if self.promised is None:
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def send_error_event(self, code: int, message: str) -> None:
        self.send_chunk(encode_event("ERROR", failure(code, message), self.protobuf))

    # ---- requests ----

    def _client(self) -> str | None:
        if not isinstance(self.connection, ssl.SSLSocket):
            return None
        for part in (self.connection.getpeercert() or {}).get("subject", ()):
            for key, value in part:  # type: ignore[misc]
                if key == "commonName":
                    return str(value)
        return None

    def _serve(self, kind: str, query: Query, answer: Callable[[Query], None]) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        self.sent = self.rfile.read(length).decode()
        self.plan, self.plan_counts_items, self.promised = None, False, None
        self.protobuf = self.api.protobuf and self.headers.get("Accept", "").startswith(PROTOBUF)
        self.moment = self.api.moment()  # before the test can see the request, and act
        headers = dict(self.headers.items())
        self.api.requests.append(
            Request(kind, query, headers, self.sent, self._client(), self.protobuf)
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
        if url.path.startswith(NODES + "/"):
            self._serve("get", {**query, "name": url.path.removeprefix(NODES + "/")}, self._get)
        elif pod := PODS.fullmatch(url.path):
            self._serve("pod", {"name": f"{pod[1]}/{pod[2]}"}, self._pod)
        elif url.path != NODES:
            self.send_status(404, "not found", {})
        elif query.get("sendInitialEvents") == "true":
            self._serve("watchlist", query, self._watch_list)
        elif "watch" in query:
            self._serve("watch", query, self._watch)
        else:
            self._serve("list", query, self._list)

    def do_PATCH(self) -> None:  # pylint: disable=invalid-name
        path = urlsplit(self.path).path
        if path.startswith(EVENTS + "/"):
            self._serve("event", {"name": path.removeprefix(EVENTS + "/")}, self._repeat_event)
        else:
            name = path.removeprefix(NODES + "/").removesuffix("/status")
            self._serve("patch", {"name": name}, self._patch)

    def do_POST(self) -> None:  # pylint: disable=invalid-name
        if urlsplit(self.path).path == EVENTS:
            self._serve("event", {}, self._create_event)
        elif urlsplit(self.path).path == REVIEWS:
            self._serve("review", {}, self._review)
        else:
            self.send_status(404, "not found", {})

    def _create_event(self, _: Query) -> None:
        event = json.loads(self.sent)
        name = event["metadata"]["name"]
        if name in self.api.told:
            self.send_status(409, f'events "{name}" already exists', {})
        else:
            self.api.told[name] = event
            self.send_body(201, encode(event), {})

    def _repeat_event(self, query: Query) -> None:
        if query["name"] in self.api.told:
            self.api.told[query["name"]].update(json.loads(self.sent))
            self.send_body(200, encode(self.api.told[query["name"]]), {})
        else:
            self.send_status(404, f'events "{query["name"]}" not found', {})

    def _review(self, _: Query) -> None:
        review = json.loads(self.sent)
        asked = review["spec"]["resourceAttributes"]
        resource = "/".join(asked[part] for part in ("resource", "subresource") if part in asked)
        review["status"] = {"allowed": f"{asked['verb']} {resource}" not in self.api.denied}
        self.send_body(201, encode(review), {})

    def _pod(self, query: Query) -> None:
        node = self.api.pods.get(query["name"])
        if node is None:
            self.send_status(404, f'pods "{query["name"]}" not found', {})
        else:
            self.send_body(200, encode({"kind": "Pod", "spec": {"nodeName": node}}), {})

    def _known(self, name: str) -> bool:
        if name in self.api.nodes:
            return True
        self.send_status(404, f'nodes "{name}" not found', {})
        return False

    def _patch(self, query: Query) -> None:
        if self._known(query["name"]):
            self.protobuf = False
            self.send_body(200, encode(self.api.nodes[query["name"]]), {})

    def _from_the_future(self, query: Query) -> bool:
        """A version that this server has not reached; it waits for it for 3 s, then says so."""
        wanted = int(query.get("resourceVersion") or 0)
        if wanted <= self.api.version:
            return False
        message = f"Too large resource version: {wanted}, current: {self.api.version}"
        self.send_status(504, message, {})
        return True

    def _get(self, query: Query) -> None:
        if not self._from_the_future(query) and self._known(query["name"]):
            self.protobuf = False
            self.send_body(200, encode(self.api.nodes[query["name"]]), {})

    def _list(self, query: Query) -> None:
        if self._from_the_future(query):
            return
        self.begin()
        for text in self.api.list_pieces(query, self.protobuf):
            self.send_piece(text)
        self.send_end()

    def _begin_watch(self) -> None:
        self.begin(f"{PROTOBUF};stream=watch" if self.protobuf else "")
        self.wfile.flush()

    def _feed(self, since: int) -> None:
        for event in self.api.events(since, self.moment, self.protobuf):
            self.send_piece(event)
        self.send_end()

    def _watch(self, query: Query) -> None:
        since = int(query.get("resourceVersion") or self.api.version)
        if since < self.api.oldest:
            self.send_status(410, f"too old resource version: {since}", {})
            return
        self._begin_watch()
        self._feed(since)

    def _watch_list(self, query: Query) -> None:
        if self.api.watch_list == "refused":
            self.send_status(422, "sendInitialEvents is forbidden for watch", {})
            return
        if self._from_the_future(query):
            return
        events, version = self.api.initial_events(self.protobuf)
        self._begin_watch()
        for event in events[: None if self.api.watch_list == "spoken" else -1]:
            self.send_piece(event)
        self._feed(version)
