# SPDX-License-Identifier: GPL-2.0-or-later
"""A real API server's answers about the same Nodes in both formats: the records must be equal."""

import json
import os
import re
from pathlib import Path
from typing import Any, Generator

import pytest

from control_plane import ADDRESS, ANNOTATIONS, ControlPlane, node_manifest
from lab import Lab
from process import Process

PROGRAM = os.environ.get("KUBE_WATCH_PRINT", "build/tests/integration/kube_watch_print")
FORMATS = ("json", "protobuf")
BULK = 100

TEXTS = ["", "10.0.0.1", 'a "quoted" \\ text', "tab\tand\nline", "é 中 😀 \u2028", "\x7f\x01", "x" * 5000]
NAMES = [
    "kube-subnet-manager", "backend-type", "backend-data", "backend-v6-data", "public-ip",
    "public-ipv6", "public-ip-overwrite", "public-ipv6-overwrite", "node-public-ip",
    "node-public-ipv6",
]  # fmt: skip


def odd_nodes() -> list[dict[str, Any]]:
    """Nodes with what an administrator and a kubelet may put on them, in odd combinations."""
    nodes = []
    for number, text in enumerate(TEXTS):
        made = node_manifest(f"odd-{number}", podCIDR=f"10.1.{number}.0/24")
        made["spec"]["podCIDRs"] = [made["spec"]["podCIDR"]]
        if number % 2:
            made["spec"]["podCIDRs"].append(f"fd00:{number}::/64")
        made["metadata"]["annotations"] = {
            ANNOTATIONS + name: text for name in NAMES[number % 3 :]
        } | {f"other.example/{number}": text}
        made["metadata"]["labels"] = {"name": "not-the-name"}
        reason = "FlannelIsUp" if number % 3 else "NoRouteCreated"
        made["status"] = {
            "addresses": [
                {"type": kind, "address": f"192.168.{number}.{n}"}
                for n, kind in enumerate(["Hostname", "InternalIP", "ExternalIP"] * (number % 3))
            ],
            "conditions": [
                {"type": "Ready", "status": "True", "reason": "KubeletReady"},
                {"type": "NetworkUnavailable", "status": "False", "reason": reason},
            ],
            "images": [{"names": ["a:1", "b@sha256:00"], "sizeBytes": 2**40}],
        }
        nodes.append(made)
    nodes.append(node_manifest("bare"))
    return nodes


@pytest.fixture(scope="module")
def control() -> Generator[ControlPlane, None, None]:
    with Lab(workers=0) as lab, ControlPlane(lab) as plane:
        plane.stop("kube-controller-manager")  # it would change Nodes between two answers
        plane.create({"apiVersion": "v1", "kind": "List", "items": odd_nodes()})
        creator = plane.host.start(
            "/usr/bin/python3", str(Path(__file__).with_name("create_nodes.py")),
            "create", str(plane.folder), ADDRESS, str(BULK), name="create-nodes",
        )  # fmt: skip
        assert creator.wait_exit(120) == 0, creator.log()
        yield plane


def start(control: ControlPlane, kind: str, *arguments: str) -> Process:
    return control.host.start(
        PROGRAM, "--record", "--stats", "--format", kind, *arguments,
        "--kubeconfig", str(control.kubeconfig("hostgwd")), name=f"print-{kind}",
    )  # fmt: skip


def records(process: Process) -> list[str]:
    """The lines about Nodes, in the order in which they came."""
    wanted = ("record ", "removed ", "list_")
    return [line for line in process.log().split("\n") if line.startswith(wanted)]


def stats(process: Process) -> dict[str, str]:
    found = re.findall(r"^stats (.*)$", process.log(), re.MULTILINE)
    return dict(pair.split("=") for pair in found[-1].split())


def test_lists_are_equal(control: ControlPlane) -> None:
    seen = {}
    for kind in FORMATS:
        process = start(control, kind, "--end-at", "list_end")
        assert process.wait_exit() == 0, process.log()
        seen[kind] = records(process)
        counted = stats(process)
        assert counted["format"] == kind
        assert counted["skipped"] == "0"
        assert "trouble" not in process.log()
        print(kind, counted)
    # From its cache the server lists in no order.
    assert sorted(seen["json"]) == sorted(seen["protobuf"])
    assert seen["json"][-1] == f"list_end {BULK + len(TEXTS) + 1}"
    odd = next(line for line in seen["json"] if line.startswith("record odd-2 "))
    assert f'={len(TEXTS[2])}:{TEXTS[2]}' in odd
    assert " address=11:192.168.2.1 " in odd and "created=0" not in odd


def test_watches_are_equal(control: ControlPlane) -> None:
    processes = [start(control, kind) for kind in FORMATS]
    for process in processes:
        process.wait_log("^list_end")
    lists = [records(process) for process in processes]
    for number, text in enumerate(TEXTS):
        change = {"metadata": {"annotations": {ANNOTATIONS + NAMES[-1 - number]: text + "!"}}}
        control.kubectl("patch", "node", f"odd-{number}", "--patch", json.dumps(change))
    control.kubectl("annotate", "node", "odd-1", "other.example/heartbeat=1")
    control.kubectl("delete", "node", "odd-0", "bulk-00007")
    control.create(node_manifest("last", podCIDR="10.1.99.0/24"))
    for process in processes:
        process.wait_log("^record last ")
        assert process.stop() == 0
    changes = [records(p)[len(before) :] for p, before in zip(processes, lists)]
    assert changes[0] == changes[1]
    assert len(changes[0]) == len(TEXTS) + 3
    for process, kind in zip(processes, FORMATS):
        counted = stats(process)
        assert counted["format"] == kind
        assert int(counted["unchanged"]) >= 1  # the annotation that nobody reads
        assert counted["skipped"] == "0"


def test_refusals_are_equal(control: ControlPlane) -> None:
    """What the server says in a Status in protobuf reads as it does in JSON."""
    said = []
    for kind in FORMATS:
        path = control.folder / f"nobody-{kind}.kubeconfig"
        known = control.kubeconfig("hostgwd").read_text()
        path.write_text(re.sub(r"token: .*", "token: nobody-knows-it", known))
        process = control.host.start(
            PROGRAM, "--format", kind, "--end-at", "trouble", "--kubeconfig", str(path),
            name=f"refused-{kind}",
        )  # fmt: skip
        assert process.wait_exit() == 0
        said.append(re.sub(r"nobody-\w+\.kubeconfig", "", process.log().splitlines()[0]))
    assert said[0] == said[1]
    assert said[0].startswith("trouble")


def test_plain_accept_is_answered_in_protobuf(control: ControlPlane) -> None:
    process = control.host.start(
        PROGRAM, "--count", "--stats", "--kubeconfig", str(control.kubeconfig("hostgwd")),
        name="print-any",
    )  # fmt: skip
    process.wait_log("^list_end")
    control.kubectl("annotate", "node", "bare", ANNOTATIONS + "public-ip=192.0.2.1")
    process.wait_log("^node bare public 192.0.2.1$")
    assert process.stop() == 0
    counted = stats(process)
    assert counted["format"] == "protobuf" and counted["watches"] != "0"
    assert counted["events"] == counted["changed"]


def test_own_node_is_asked_for(control: ControlPlane) -> None:
    """The check before a watch is resumed is answered, in whatever format is asked for."""
    version = control.node("bare")["metadata"]["resourceVersion"]
    for kind in (*FORMATS, None):
        chosen = ["--format", kind] if kind else []
        process = control.host.start(
            PROGRAM, *chosen, "--node", "bare", "--resume", version,
            "--kubeconfig", str(control.kubeconfig("hostgwd")), name=f"resume-{kind}",
        )  # fmt: skip
        control.kubectl("annotate", "--overwrite", "node", "bare", f"{ANNOTATIONS}public-ip={kind}")
        process.wait_log(f"public {kind}$")
        assert process.stop() == 0
        assert "list_begin" not in process.log() and "trouble" not in process.log()
