# SPDX-License-Identifier: GPL-2.0-or-later
"""Nodes files in each form that hostgwd reads."""

import json
from typing import Any, Iterable

from lab import Node


def short_yaml(nodes: Iterable[Node]) -> str:
    lines = (f"- {{name: {n.name}, podCIDR: {n.pod_cidr}, address: {n.address}}}\n" for n in nodes)
    return "".join(lines) or "[]\n"


def short_json(nodes: Iterable[Node]) -> str:
    entries = [{"name": n.name, "podCIDR": n.pod_cidr, "address": n.address} for n in nodes]
    return json.dumps(entries, indent=2) + "\n"


def kubectl_node(node: Node) -> dict[str, Any]:
    """A Node as the API prints it, with some of what hostgwd does not read."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": node.name,
            "creationTimestamp": "2024-02-20T14:31:24Z",
            "labels": {"kubernetes.io/hostname": node.name, "kubernetes.io/os": "linux"},
            "managedFields": [{"fieldsV1": {"f:spec": {"f:podCIDRs": {".": {}}}}}],
            "resourceVersion": "1021",
        },
        "spec": {"podCIDR": node.pod_cidr, "podCIDRs": [node.pod_cidr]},
        "status": {
            "addresses": [
                {"address": node.address, "type": "InternalIP"},
                {"address": node.name, "type": "Hostname"},
            ],
            "images": [{"names": ["example.org/pause@sha256:0", "pause:3.2"], "sizeBytes": 683}],
            "nodeInfo": {"kernelVersion": "6.1.0", "operatingSystem": "linux"},
        },
    }


def kubectl_json(nodes: Iterable[Node]) -> str:
    """`kubectl get nodes -o json`"""
    items = [kubectl_node(node) for node in nodes]
    return json.dumps({"apiVersion": "v1", "items": items, "kind": "List"}, indent=4) + "\n"


def kubectl_yaml(nodes: Iterable[Node]) -> str:
    """`kubectl get nodes -o yaml`"""
    return "apiVersion: v1\nitems:\n" + "".join(map(_yaml_item, nodes)) + "kind: List\n"


def _yaml_item(node: Node) -> str:
    return f"""\
- apiVersion: v1
  kind: Node
  metadata:
    annotations:
      node.alpha.kubernetes.io/ttl: "0"
    creationTimestamp: "2024-02-20T14:31:24Z"
    labels:
      kubernetes.io/hostname: {node.name}
    managedFields:
    - fieldsV1:
        f:spec:
          f:podCIDRs:
            .: {{}}
            v:"{node.pod_cidr}": {{}}
    name: {node.name}
    resourceVersion: "1021"
  spec:
    podCIDR: {node.pod_cidr}
    podCIDRs:
    - {node.pod_cidr}
  status:
    addresses:
    - address: {node.address}
      type: InternalIP
    - address: {node.name}
      type: Hostname
    images:
    - names:
      - example.org/pause@sha256:0
      sizeBytes: 683
    nodeInfo:
      kernelVersion: 6.1.0
"""
