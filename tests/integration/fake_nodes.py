# SPDX-License-Identifier: GPL-2.0-or-later
"""The Nodes of a fake API server, and the history of their changes that watches are fed from."""

import threading
from dataclasses import dataclass
from typing import Any, Iterator

from fake_encoding import encode_event

Node = dict[str, Any]

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


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


@dataclass(frozen=True)
class Event:
    """One watch event, or bytes that a test wants in its place. Both encodings are made when it
    happens, because the Node may change later."""

    version: int | None  # None: it is no change, and every watch gets it
    json: bytes
    protobuf: bytes

    @classmethod
    def of(cls, version: int | None, kind: str, value: Node) -> "Event":
        return cls(version, encode_event(kind, value, False), encode_event(kind, value, True))

    def is_after(self, version: int) -> bool:
        return self.version is not None and self.version > version


def failure(code: int, message: str) -> dict[str, Any]:
    """A Status object that tells of a failure."""
    return {"kind": "Status", "status": "Failure", "code": code, "message": message}


class FakeNodes:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.version = 100
        self.oldest = 100  # watches from before this version are answered with 410
        self.nodes: dict[str, Node] = {}
        self.history: list[Event] = []
        self.era = 0  # watches of an earlier one end

    def _record(self, kind: str, node: Node) -> None:
        with self.changed:
            self.version += 1
            node["metadata"]["resourceVersion"] = str(self.version)
            self.history.append(Event.of(self.version, kind, node))
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
            self.history.append(Event(None, text, text))
            self.changed.notify_all()

    def send_error(self, code: int, message: str) -> None:
        """An ERROR event, after which the watches end."""
        with self.changed:
            self.history.append(Event.of(None, "ERROR", failure(code, message)))
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

    def initial_events(self, protobuf: bool) -> tuple[list[bytes], int]:
        """What begins a watch with sendInitialEvents, and the version where the rest begins."""
        with self.changed:
            version = self.version
            events = [encode_event("ADDED", node, protobuf) for node in self.nodes.values()]
        metadata = {"resourceVersion": str(version), "annotations": {INITIAL_EVENTS_END: "true"}}
        end = {"kind": "Node", "apiVersion": "v1", "metadata": metadata}
        return [*events, encode_event("BOOKMARK", end, protobuf)], version

    def events(self, since: int, moment: tuple[int, int], protobuf: bool) -> Iterator[bytes]:
        """What a watch asked for at that moment sees from `since` on, until it is ended. Blocks."""
        era, position = moment
        with self.changed:
            past = enumerate(self.history[:position])
            position = next((i for i, event in past if event.is_after(since)), position)
        while True:
            with self.changed:
                self.changed.wait_for(lambda: position < len(self.history) or self.era != era, 60)
                new = self.history[position:]
                position += len(new)
                ended = self.era != era
            # A version from the future (of an etcd that was restored since) is waited for.
            for event in new:
                if event.version is None or event.is_after(since):
                    yield event.protobuf if protobuf else event.json
            if ended:
                return
