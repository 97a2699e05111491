# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes, lists, watch events and Status objects as an API server writes them: JSON or protobuf.

The numbers of the protobuf fields are those of the public k8s.io/api and k8s.io/apimachinery
generated.proto files; only what the tests' Nodes hold is written.
"""

import json
from datetime import datetime
from typing import Any, Iterable

Object = dict[str, Any]

JSON = "application/json"
PROTOBUF = "application/vnd.kubernetes.protobuf"
MAGIC = b"k8s\0"


def encode(value: Any) -> bytes:
    """JSON, as compact as Go writes it."""
    return json.dumps(value, separators=(",", ":")).encode()


# ---- the wire format of protobuf ----


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def piece(field: int, value: bytes | str) -> bytes:
    """A length-delimited field: text, bytes or a message."""
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def texts(source: Object, fields: dict[int, str]) -> bytes:
    """Those members of `source` that are there, as fields of text."""
    return b"".join(piece(field, source[name]) for field, name in fields.items() if name in source)


def pairs(field: int, source: dict[str, str]) -> bytes:
    """A map of texts."""
    return b"".join(piece(field, piece(1, k) + piece(2, v)) for k, v in source.items())


def timestamp(text: str) -> bytes:
    return number(1, int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()))


# ---- the messages ----


def metadata_message(source: Object) -> bytes:
    out = texts(source, {1: "name", 5: "uid", 6: "resourceVersion"})
    if "creationTimestamp" in source:
        out += piece(8, timestamp(source["creationTimestamp"]))
    out += pairs(11, source.get("labels", {})) + pairs(12, source.get("annotations", {}))
    for manager in source.get("managedFields", []):
        fields = piece(1, encode(manager["fieldsV1"]))
        out += piece(17, piece(1, manager["manager"]) + piece(7, fields))
    return out


def spec_message(source: Object) -> bytes:
    cidrs = b"".join(piece(7, cidr) for cidr in source.get("podCIDRs", []))
    return texts(source, {1: "podCIDR"}) + cidrs


def status_message(source: Object) -> bytes:
    out = b""
    for condition in source.get("conditions", []):
        out += piece(4, texts(condition, {1: "type", 2: "status", 5: "reason", 6: "message"}))
    for address in source.get("addresses", []):
        out += piece(5, texts(address, {1: "type", 2: "address"}))
    for image in source.get("images", []):
        names = b"".join(piece(1, name) for name in image["names"])
        out += piece(8, names + number(2, image["sizeBytes"]))
    return out


def node_message(node: Object) -> bytes:
    return (
        piece(1, metadata_message(node.get("metadata", {})))
        + piece(2, spec_message(node.get("spec", {})))
        + piece(3, status_message(node.get("status", {})))
    )


def failure_message(failure: Object) -> bytes:
    out = texts(failure, {2: "status", 3: "message", 4: "reason"})
    return out + number(6, failure.get("code", 0))


def envelope(kind: str, content: bytes) -> bytes:
    """runtime.Unknown, with the four bytes that say so in front."""
    return MAGIC + piece(1, piece(1, "v1") + piece(2, kind)) + piece(2, content)


# ---- what is sent ----


def encode_failure(failure: Object, protobuf: bool) -> bytes:
    """A Status object."""
    return envelope("Status", failure_message(failure)) if protobuf else encode(failure)


def encode_list(nodes: Iterable[Object], metadata: Object, protobuf: bool) -> list[bytes]:
    """In pieces, a Node each."""
    if protobuf:
        head = piece(1, texts(metadata, {2: "resourceVersion", 3: "continue"}))
        items = [piece(2, node_message(node)) for node in nodes]
        length = len(head) + sum(map(len, items))
        kind = piece(1, piece(1, "v1") + piece(2, "NodeList"))
        return [MAGIC + kind + varint(2 << 3 | 2) + varint(length) + head, *items]
    beginning = encode({"kind": "NodeList", "apiVersion": "v1", "metadata": metadata})
    rest = [b"," + encode(node) for node in nodes]
    if rest:
        rest[0] = rest[0][1:]
    return [beginning[:-1] + b',"items":[', *rest, b"]}\n"]


def encode_event(kind: str, value: Object, protobuf: bool) -> bytes:
    """A watch event: a line, or a frame."""
    if not protobuf:
        return encode({"type": kind, "object": value}) + b"\n"
    if kind == "ERROR":
        content = envelope("Status", failure_message(value))
    else:
        content = envelope("Node", node_message(value))
    event = piece(1, kind) + piece(2, piece(1, content))
    return len(event).to_bytes(4, "big") + event
