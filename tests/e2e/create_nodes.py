#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Creates or deletes many large Nodes quickly: create_nodes.py VERB FOLDER ADDRESS COUNT

FOLDER is that of a control plane (control-plane.sh), ADDRESS its own. Each Node is about 18 KB of
JSON, most of it images, as kubelets report them; its pod CIDR is 10.B.C.0/24
from 10.2.0.0 on and its address 172.20.B.C, so both are distinct.
"""

import http.client
import json
import ssl
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CONNECTIONS = 8
IMAGES = [
    {
        "names": [
            f"registry.example/team-{i % 7}/service-{i}@sha256:{i:064x}",
            f"registry.example/team-{i % 7}/service-{i}:v1.{i}.{i % 10}",
        ],
        "sizeBytes": 10_000_000 + i * 12_345,
    }
    for i in range(50)
]
CONDITIONS = [
    {
        "type": kind,
        "status": "False",
        "reason": f"KubeletHas{kind}",
        "message": f"kubelet has sufficient {kind} available for the pods of this node",
        "lastHeartbeatTime": "2024-02-20T14:31:24Z",
        "lastTransitionTime": "2024-02-20T14:31:24Z",
    }
    for kind in ("MemoryPressure", "DiskPressure", "PIDPressure")
]


def node(index: int) -> dict[str, Any]:
    b, c = divmod(index, 250)
    cidr = f"10.{b + 2}.{c}.0/24"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": f"bulk-{index:05d}",
            "labels": {f"topology.example/label-{i}": f"value-{i}-{index}" for i in range(20)},
            "annotations": {f"notes.example/note-{i}": "x" * 200 for i in range(30)},
        },
        "spec": {"podCIDR": cidr, "podCIDRs": [cidr]},
        "status": {
            "addresses": [{"type": "InternalIP", "address": f"172.20.{b}.{c + 1}"}],
            "conditions": CONDITIONS,
            "images": IMAGES,
        },
    }


class Api:
    """One connection with the administrator's certificate."""

    def __init__(self, folder: Path, address: str):
        context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
        context.load_cert_chain(folder / "pki/admin.crt", folder / "pki/admin.key")
        self._connection = http.client.HTTPSConnection(address, 6443, context=context)

    def ask(self, method: str, path: str, body: Any = None) -> None:
        text = json.dumps(body) if body is not None else None
        self._connection.request(method, path, text, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 201):
            raise RuntimeError(f"{method} {path}: {answer.status} {content[:300]!r}")


def work(verb: str, api: Api, indexes: range) -> None:
    for index in indexes:
        if verb == "create":
            api.ask("POST", "/api/v1/nodes", node(index))
        else:
            api.ask("DELETE", f"/api/v1/nodes/bulk-{index:05d}")


def main() -> None:
    verb, folder, address, count = sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        jobs = [
            pool.submit(work, verb, Api(folder, address), range(start, count, CONNECTIONS))
            for start in range(CONNECTIONS)
        ]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main()
