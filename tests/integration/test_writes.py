# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon writes to the API server: its Node's status, Events; and how it finds its Node."""

import json
from pathlib import Path
from typing import Any, Generator

import pytest

from fake_access import Kubeconfig
from fake_apiserver import FakeApiServer
from fake_faults import status
from fake_nodes import make_node
from lab import Lab, Worker, hostgwd
from process import Process
from waiting import poll, poll_equal

SPREAD = 30.0  # seconds; an Event waits for its node's moment, and after a failure for some more
FORBIDDEN = 'is forbidden: User "system:serviceaccount:kube-flannel:flannel" cannot'


@pytest.fixture
def worker() -> Generator[Worker, None, None]:
    with Lab(workers=2) as made:
        yield made.workers[0]


@pytest.fixture
def api(worker: Worker) -> Generator[FakeApiServer, None, None]:
    """It knows the worker and one other node."""
    with FakeApiServer(listener=worker.listen()) as server:
        server.put(make_node(worker.name, worker.node.pod_cidr, worker.address))
        server.put(make_node("kubworker2", "10.1.4.0/24", "192.168.2.45"))
        yield server


def config(api: FakeApiServer, worker: Worker) -> Path:
    return Kubeconfig(api.url).write(worker.folder / "kubeconfig")


def start(api: FakeApiServer, worker: Worker, *arguments: str) -> Process:
    return worker.run_hostgwd(
        "--kube-subnet-mgr", f"--kubeconfig-file={config(api, worker)}", *worker.host_arguments(),
        *arguments,
    )  # fmt: skip


def start_with(worker: Worker, *arguments: str, **environment: str) -> Process:
    """With an environment, and without --node-name."""
    settings = (f"{name}={value}" for name, value in environment.items())
    own = [a for a in worker.host_arguments() if not a.startswith("--node-name")]
    return worker.start("env", *settings, hostgwd(), *own, *arguments, name="hostgwd")


def patches(api: FakeApiServer) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in api.requests if request.kind == "patch"]


# ---- the status of the Node ----


def test_status_is_tried_again(api: FakeApiServer, worker: Worker) -> None:
    """Until it is accepted, and not before the server wants it."""
    busy = status(429, "too many requests", Retry_After="2")
    api.fail_next("patch", status(409, "the object has been modified"), busy, status(500, "x"))
    daemon = start(api, worker)
    daemon.wait_log("cannot update the status of node kubworker1: somebody else changed it")
    daemon.wait_log("cannot update the status of node kubworker1: .* overloaded")
    daemon.wait_log("Set condition NetworkUnavailable=False of node kubworker1", seconds=30)
    sent = patches(api)
    assert sent[0]["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ip"] == worker.address
    assert sent[-1]["status"]["conditions"][0]["reason"] == "FlannelIsUp"


def test_status_is_forbidden(api: FakeApiServer, worker: Worker) -> None:
    """Routes do not depend on it."""
    api.fail_next("patch", status(403, f"nodes {FORBIDDEN} patch"))
    daemon = start(api, worker)
    daemon.wait_log(r'resources: \["nodes/status"\], verbs: \["patch"\]')
    poll_equal(worker.routes, {"10.1.4.0/24": "192.168.2.45"}, "routes")
    daemon.wait_log("Set condition NetworkUnavailable=False", seconds=30)


# ---- Events ----


def add_trouble(api: FakeApiServer, worker: Worker) -> None:
    """A node outside the Network, one off link, one with another's pod CIDR, a foreign route."""
    api.put(make_node("outside", "10.99.0.0/24", "192.168.2.60"))
    api.put(make_node("off-link", "10.1.61.0/24", "203.0.113.61"))
    api.put(make_node("taker", worker.node.pod_cidr, "192.168.2.62"))
    api.put(make_node("blocked", "10.1.63.0/24", "192.168.2.63"))
    worker.batch("route add 10.1.63.0/24 via 192.168.2.254 proto static")


# What is told, about whom, and in which words.
REASONS = {
    "PodCIDROutsideNetwork": ("outside", "10.99.0.0/24"),
    "NextHopOffLink": ("off-link", "203.0.113.61"),
    "PodCIDRConflict": ("taker", "taker"),
    "ForeignRouteInTheWay": ("kubworker1", "10.1.63.0/24 via 192.168.2.254"),
}


def reasons(api: FakeApiServer) -> set[str]:
    return {event["reason"] for event in api.told.values()}


def refreshed(api: FakeApiServer) -> set[str]:
    """Names of Events that got another count and time."""
    return {r.query["name"] for r in api.requests if r.kind == "event" and r.query}


def test_events(api: FakeApiServer, worker: Worker) -> None:
    add_trouble(api, worker)
    daemon = start(api, worker)
    poll_equal(lambda: reasons(api), set(REASONS), "Events", SPREAD)
    for name, event in api.told.items():
        about, words = REASONS[event["reason"]]
        assert words in event["message"]
        assert event["type"] == "Warning" and event["count"] == 1
        assert name.startswith(f"{about}.")
        assert event["involvedObject"] == {
            "apiVersion": "v1", "kind": "Node", "name": about, "uid": about,
        }  # fmt: skip
        assert event["source"] == {"component": "hostgwd", "host": "kubworker1"}
    # More rounds are no more Events; nor is the next run, which finds those of the first and
    # refreshes the one that is about its own Node.
    api.put(make_node("further", "10.1.64.0/24", "192.168.2.64"))
    poll(lambda: "10.1.64.0/24" in worker.routes(), "another round")
    assert daemon.stop() == 0
    assert api.kinds().count("event") == len(REASONS)
    names = set(api.told)
    own = {name for name in names if name.startswith("kubworker1.")}
    second = start(api, worker)
    poll_equal(lambda: refreshed(api), own, "an Event that is found again", SPREAD)
    poll_equal(
        lambda: api.kinds().count("event"), 2 * len(REASONS) + 1, "all Events are found", SPREAD
    )
    assert second.stop() == 0
    assert set(api.told) == names and refreshed(api) == own


def test_nodes_that_see_the_same_tell_it_once() -> None:
    with Lab(workers=2) as lab, FakeApiServer(listener=lab.workers[0].listen()) as first:
        with FakeApiServer(listener=lab.workers[1].listen()) as second:
            second.told = first.told  # one cluster
            for api, worker in zip((first, second), lab.workers):
                for made in lab.workers:
                    api.put(make_node(made.name, made.node.pod_cidr, made.address))
                api.put(make_node("outside", "10.99.0.0/24", "192.168.2.60"))
                start(api, worker)
            poll(lambda: "event" in first.kinds() and "event" in second.kinds(), "both", SPREAD)
            poll_equal(lambda: len(first.told), 1, "Events", SPREAD)


def test_a_refused_event_is_left_out(api: FakeApiServer, worker: Worker) -> None:
    """Said, and the next ones are told."""
    add_trouble(api, worker)
    api.fail_next("event", status(422, "Event is invalid: a fault"))
    daemon = start(api, worker)
    daemon.wait_log(r"^W.*a Kubernetes Event \(\w+\) is left out: .*a fault", seconds=SPREAD)
    poll_equal(lambda: len(reasons(api)), len(REASONS) - 1, "Events", SPREAD)
    assert api.kinds().count("event") == len(REASONS)


def test_events_are_forbidden(api: FakeApiServer, worker: Worker) -> None:
    """Said once, with the rule that is missing; then there are none."""
    add_trouble(api, worker)
    api.fail_next("event", *[status(403, f"events {FORBIDDEN} create")] * 9)
    daemon = start(api, worker)
    daemon.wait_log(
        r'No Kubernetes Events: .*resources: \["events"\], verbs: \["create"\].*--events=false',
        seconds=SPREAD,
    )
    api.put(make_node("outside2", "10.99.1.0/24", "192.168.2.70"))
    daemon.wait_log("Skipping .*outside2")
    assert daemon.stop() == 0
    assert api.kinds().count("event") == 1
    assert daemon.log().count("No Kubernetes Events") == 1


def test_events_are_switched_off() -> None:
    """By the time that a neighbour, started later, has told all there is, it would have begun."""
    with Lab(workers=2) as lab, FakeApiServer(listener=lab.workers[0].listen()) as silent:
        with FakeApiServer(listener=lab.workers[1].listen()) as telling:
            for api, worker, given in zip((silent, telling), lab.workers, ("false", "true")):
                for made in lab.workers:
                    api.put(make_node(made.name, made.node.pod_cidr, made.address))
                add_trouble(api, worker)
                start(api, worker, f"--events={given}").wait_log("Skipping .*outside")
            poll_equal(lambda: reasons(telling), set(REASONS), "Events", SPREAD)
            assert patches(silent)
            assert "event" not in silent.kinds()


def test_events_are_tried_again(api: FakeApiServer, worker: Worker) -> None:
    api.put(make_node("outside", "10.99.0.0/24", "192.168.2.60"))
    api.fail_next("event", status(429, "too many requests", Retry_After="6"))
    daemon = start(api, worker)
    daemon.wait_log("cannot send a Kubernetes Event: .* overloaded", seconds=SPREAD)
    poll_equal(lambda: reasons(api), {"PodCIDROutsideNetwork"}, "Events", SPREAD)
    assert api.kinds().count("event") == 2


# ---- which address others are to use ----


def put_own(api: FakeApiServer, worker: Worker, **annotations: str) -> None:
    api.put(make_node(worker.name, worker.node.pod_cidr, worker.address, **annotations))


def public_ips(api: FakeApiServer) -> list[str]:
    """As they were patched."""
    key = "flannel.alpha.coreos.com/public-ip"
    annotations = [patch.get("metadata", {}).get("annotations", {}) for patch in patches(api)]
    return [texts[key] for texts in annotations if key in texts]


def test_the_node_asks_for_an_address(api: FakeApiServer, worker: Worker) -> None:
    """node-public-ip is in place of --public-ip; one that host-gw cannot use is refused."""
    worker.batch("address add 192.168.2.144/24 dev ens192")
    put_own(api, worker, node_public_ip="192.168.2.144")
    daemon = start(api, worker, f"--public-ip={worker.address}")
    poll_equal(lambda: public_ips(api), ["192.168.2.144"], "public-ip")
    put_own(api, worker, node_public_ip="10.9.9.9", public_ip="192.168.2.144")
    daemon.wait_log("annotation node-public-ip, 10.9.9.9, is no address of interface ens192")
    poll_equal(lambda: public_ips(api), ["192.168.2.144", worker.address], "public-ip")
    assert daemon.stop() == 0
    assert daemon.log().count("is no address of interface") == 1


def test_the_address_that_is_asked_for_chooses_the_interface(
    api: FakeApiServer, worker: Worker
) -> None:
    worker.batch(
        "link add ens224 type veth peer name peer224",
        "address add 192.168.3.44/24 dev ens224",
        "link set ens224 up",
        "link set peer224 up",
    )
    put_own(api, worker, node_public_ip="192.168.3.44")
    api.put(make_node("kubworker2", "10.1.4.0/24", "192.168.3.45"))
    flags = ["--kube-subnet-mgr", f"--kubeconfig-file={config(api, worker)}"]
    plan = worker.run(hostgwd(), "plan", *flags, *worker.host_arguments()).stdout
    assert "+ 10.1.4.0/24 via 192.168.3.45 dev ens224" in plan
    daemon = start(api, worker)
    daemon.wait_log("Using interface with name ens224 and address 192.168.3.44")
    poll_equal(worker.routes, {"10.1.4.0/24": "192.168.3.45"}, "routes")
    poll_equal(lambda: public_ips(api), ["192.168.3.44"], "public-ip")
    assert daemon.stop() == 0
    # A flag that names the interface counts for more.
    named = start(api, worker, "--iface=ens192")
    named.wait_log("annotation node-public-ip, 192.168.3.44, is no address of interface ens192")
    assert named.stop() == 0


# ---- who am I ----


def test_node_of_the_pod(api: FakeApiServer, worker: Worker) -> None:
    """As flannel's manifest has it: POD_NAME and POD_NAMESPACE, but no NODE_NAME."""
    api.pods["kube-flannel/flannel-x"] = ""
    api.fail_next("pod", status(403, f"pods {FORBIDDEN} get"))
    kubeconfig = f"--kubeconfig-file={config(api, worker)}"
    daemon = start_with(
        worker, "--kube-subnet-mgr", kubeconfig,
        POD_NAME="flannel-x", POD_NAMESPACE="kube-flannel",
    )  # fmt: skip
    daemon.wait_log(r'pod kube-flannel/flannel-x .*resources: \["pods"\], verbs: \["get"\]')
    daemon.wait_log("pod kube-flannel/flannel-x .*has no spec.nodeName")
    assert set(api.kinds()) == {"pod"}
    api.pods["kube-flannel/flannel-x"] = "kubworker1"
    daemon.wait_log("Pod kube-flannel/flannel-x runs on node kubworker1")
    poll_equal(worker.routes, {"10.1.4.0/24": "192.168.2.45"}, "routes")
    poll(lambda: patches(api), "a patch of the own Node")
    assert daemon.stop() == 0


def test_stops_while_it_does_not_know_its_node(api: FakeApiServer, worker: Worker) -> None:
    kubeconfig = f"--kubeconfig-file={config(api, worker)}"
    daemon = start_with(
        worker, "--kube-subnet-mgr", kubeconfig, POD_NAME="x", POD_NAMESPACE="y"
    )
    daemon.wait_log('the Node of pod y/x is not known yet .*pods "y/x" not found')
    assert daemon.stop() == 0


def test_cleanup_finds_the_node_of_the_pod(api: FakeApiServer, worker: Worker) -> None:
    """net-conf.json is a ConfigMap's, and not on the host."""
    worker.net_conf.unlink()
    who = ["env", "POD_NAME=flannel-x", "POD_NAMESPACE=kube-flannel"]
    flags = ["--kube-subnet-mgr", f"--kubeconfig-file={config(api, worker)}"]
    own = [a for a in worker.host_arguments() if not a.startswith("--node-name")]
    cleanup = [*who, hostgwd(), "cleanup", *flags, *own]
    lost = worker.run(*cleanup, check=False)
    assert lost.returncode == 1
    assert "as pod kube-flannel/flannel-x does not tell its name (--node-name" in lost.stderr
    api.pods["kube-flannel/flannel-x"] = worker.name
    dry = worker.run(*cleanup, "--dry-run").stdout
    assert f"would remove our annotations of node {worker.name}\n" in dry
    assert patches(api) == []
    assert f"removed our annotations of node {worker.name}\n" in worker.run(*cleanup).stdout
    assert patches(api)[0]["metadata"]["annotations"]["flannel.alpha.coreos.com/public-ip"] is None


# ---- KUBECONFIG ----


def test_kubeconfig_of_the_environment(api: FakeApiServer, worker: Worker) -> None:
    path = config(api, worker)
    daemon = start_with(worker, "--kube-subnet-mgr", NODE_NAME=worker.name, KUBECONFIG=str(path))
    poll_equal(worker.routes, {"10.1.4.0/24": "192.168.2.45"}, "routes")
    assert daemon.stop() == 0


def test_several_kubeconfigs_are_a_mistake(worker: Worker) -> None:
    daemon = start_with(worker, "--kube-subnet-mgr", NODE_NAME="x", KUBECONFIG="/nowhere/a:/b")
    assert daemon.wait_exit() == 2
    assert "KUBECONFIG names several files" in daemon.log()
