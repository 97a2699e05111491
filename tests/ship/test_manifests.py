# SPDX-License-Identifier: GPL-2.0-or-later
"""Every manifest and variant of deploy/, against the real API server."""

import json
import re
from pathlib import Path
from typing import Any, Generator

import pytest

from control_plane import ControlPlane
from lab import Lab

DEPLOY = Path(__file__).parents[2] / "deploy"
VARIANTS = sorted(folder.name for folder in (DEPLOY / "kustomize").iterdir())
NAMESPACE = "--namespace=kube-flannel"

# What the Prometheus operator brings; its own definition is longer and allows the same.
POD_MONITOR = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "podmonitors.monitoring.coreos.com"},
    "spec": {
        "group": "monitoring.coreos.com",
        "names": {"kind": "PodMonitor", "plural": "podmonitors", "singular": "podmonitor"},
        "scope": "Namespaced",
        "versions": [{
            "name": "v1", "served": True, "storage": True,
            "schema": {"openAPIV3Schema": {
                "type": "object", "x-kubernetes-preserve-unknown-fields": True}},
        }],
    },
}


@pytest.fixture(name="control", scope="module")
def control_plane() -> Generator[ControlPlane, None, None]:
    with Lab(workers=0) as lab, ControlPlane(lab) as control:
        control.create(POD_MONITOR)
        control.kubectl("wait", "--for=condition=Established", "--timeout=60s",
                        "crd/podmonitors.monitoring.coreos.com")
        control.kubectl("create", "namespace", "kube-flannel")
        yield control


def source(name: str) -> list[str]:
    """kubectl's words for it."""
    if name == "hostgwd.yaml":
        return ["-f", str(DEPLOY / name)]
    return ["-k", str(DEPLOY / "kustomize" / name)]


def get(control: ControlPlane, *what: str) -> dict[str, Any]:
    return json.loads(control.kubectl("get", *what, "-o", "json"))


def daemon_set(control: ControlPlane) -> dict[str, Any]:
    return get(control, NAMESPACE, "daemonset", "kube-flannel-ds")["spec"]["template"]["spec"]


# A namespace itself would stay "Terminating": this control plane has no controller that ends it.
OBJECTS = ("daemonset/kube-flannel-ds", "configmap/kube-flannel-cfg", "serviceaccount/flannel",
           "clusterrole/flannel", "clusterrolebinding/flannel", "podmonitors/hostgwd")


@pytest.fixture(name="applied", scope="module", params=["hostgwd.yaml", *VARIANTS])
def apply(control: ControlPlane, request: pytest.FixtureRequest) -> Generator[str, None, None]:
    """Tried on the server first, which only works in a namespace that exists."""
    control.kubectl("apply", "--dry-run=server", *source(request.param))
    control.kubectl("apply", *source(request.param))
    yield request.param
    control.kubectl("delete", NAMESPACE, "--ignore-not-found", *OBJECTS)


def test_is_accepted_as_it_stands(control: ControlPlane, applied: str) -> None:
    """What the server keeps is what the file says: a field that it does not know would be gone."""
    spec = daemon_set(control)
    (container,) = spec["containers"]
    assert container["securityContext"] == {
        "runAsUser": 0,
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
    }
    assert spec["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert spec["hostNetwork"] is True
    assert spec["priorityClassName"] == "system-node-critical"
    assert {probe for probe in container if probe.endswith("Probe")} == {
        "startupProbe", "livenessProbe", "readinessProbe"}
    assert container["resources"] == {
        "requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}}
    conf = get(control, NAMESPACE, "configmap", "kube-flannel-cfg")["data"]["net-conf.json"]
    assert json.loads(conf).get("EnableIPv6", False) == (applied == "dual-stack")


def test_rights_are_what_the_flags_need(control: ControlPlane, applied: str) -> None:
    account = "--as=system:serviceaccount:kube-flannel:flannel"

    def may(verb: str, *what: str) -> bool:
        answer = control.kubectl("auth", "can-i", account, "--list", NAMESPACE)
        row = re.compile(rf"^{what[0]}\s.*\[(.*)\]$", re.MULTILINE).findall(answer)
        return any(verb in verbs.split() for verbs in row)

    assert all(may(verb, "nodes") for verb in ("get", "list", "watch"))
    assert may("patch", "nodes/status") == (applied != "read-only")
    assert may("create", "events") == (applied != "read-only")
    assert not may("patch", "nodes") and not may("get", "secrets")
    assert ("--annotate=false" in daemon_set(control)["containers"][0]["args"]) == (
        applied == "read-only")


def test_pod_monitor_comes_with_monitoring_alone(control: ControlPlane, applied: str) -> None:
    found = get(control, NAMESPACE, "podmonitors")["items"]
    assert len(found) == (applied == "monitoring")


def test_rbac_for_bare_metal(control: ControlPlane) -> None:
    control.kubectl("apply", "-f", str(DEPLOY / "rbac.yaml"))
    control.kubectl("apply", "--dry-run=server", "-f", str(DEPLOY / "rbac.yaml"))
    control.kubectl("delete", "--wait=true", "-f", str(DEPLOY / "rbac.yaml"))
