# SPDX-License-Identifier: GPL-2.0-or-later
"""The Debian package on a machine that boots: its whole life, with a real API server."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Generator

import pytest

from booted import Booted
from control_plane import ControlPlane, node_manifest
from debian_root import Overlay, base_root
from lab import NET_CONF, Lab, Worker
from waiting import poll

WATCHDOG_SECONDS = 3


def package() -> Path:
    """The package under test; tests/run.sh --ship builds it and ctest says where it is."""
    built = Path(__file__).parents[2] / "build/ship/hostgwd.deb"
    return Path(os.environ.get("HOSTGW_PACKAGE", built))


class Site:
    """Two nodes; the first is a machine with systemd and the package, the second a plain worker."""

    def __init__(self, lab: Lab, control: ControlPlane, machine: Booted, overlay: Overlay):
        self.lab = lab
        self.control = control
        self.machine = machine
        self.overlay = overlay
        self.worker: Worker = lab.workers[0]
        self.before: set[str] = set()

    def install(self) -> str:
        shutil.copy(package(), self.overlay.path / "root/hostgwd.deb")
        return self.machine.run("dpkg", "-i", "/root/hostgwd.deb").stdout

    def configure(self) -> None:
        """As the settings file tells to."""
        etc = self.overlay.path / "etc/hostgwd"
        (etc / "net-conf.json").write_text(NET_CONF)
        flat = self.control.kubectl(
            f"--kubeconfig={self.control.kubeconfig('hostgwd')}", "config", "view", "--raw",
            "--flatten")
        (etc / "kubeconfig").write_text(flat)
        (etc / "kubeconfig").chmod(0o640)
        self.machine.run("chown", "root:hostgwd", "/etc/hostgwd/kubeconfig")
        settings = etc / "hostgwd.conf"
        text = settings.read_text()
        for line in ("FLANNELD_KUBE_SUBNET_MGR=true",
                     "FLANNELD_KUBECONFIG_FILE=/etc/hostgwd/kubeconfig"):
            assert f"#{line}\n" in text
            text = text.replace(f"#{line}\n", f"{line}\n")
        settings.write_text(text.replace("#HOSTGW_NODE_NAME=",
                                         f"HOSTGW_NODE_NAME={self.worker.name}"))

    def main_pid(self) -> str:
        return self.machine.show("hostgwd.service", "MainPID")

    def wait_new_pid(self, old: str, seconds: float = 30.0) -> None:
        poll(lambda: self.main_pid() not in ("0", old)
             and self.machine.show("hostgwd.service", "ActiveState") == "active",
             "hostgwd runs again", seconds)


@pytest.fixture(name="site", scope="module")
def a_site() -> Generator[Site, None, None]:
    with Lab(workers=2) as lab, ControlPlane(lab) as control:
        for node in lab.nodes:
            manifest = node_manifest(node.name, podCIDR=node.pod_cidr, podCIDRs=[node.pod_cidr])
            control.create(manifest)
        lab.add_pods()
        control.start_daemon(lab.workers[1])
        with Overlay(base_root(package()), lab.folder / "machine") as overlay:
            with Booted(lab.workers[0], overlay.path) as machine:
                yield Site(lab, control, machine, overlay)


def test_package_is_clean() -> None:
    done = subprocess.run(["lintian", "--allow-root", "--fail-on=error", package()],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_installed_it_waits_for_its_settings(site: Site) -> None:
    site.before = site.overlay.changed()
    said = site.install()
    assert "/etc/hostgwd/hostgwd.conf" in said
    assert site.machine.show("hostgwd.service", "UnitFileState") == "enabled"
    assert site.machine.show("hostgwd.service", "ActiveState") == "inactive"
    assert site.machine.run("hostgwd", "version").stdout.startswith("hostgwd ")
    assert "hostgwd:x:" in (site.overlay.path / "etc/passwd").read_text()


def test_started_it_is_ready_with_its_routes(site: Site) -> None:
    site.configure()
    dropin = site.overlay.path / "etc/systemd/system/hostgwd.service.d/test.conf"
    dropin.parent.mkdir(parents=True)
    dropin.write_text(f"[Service]\nWatchdogSec={WATCHDOG_SECONDS}\n")
    site.machine.run("systemctl", "daemon-reload")
    site.machine.run("systemctl", "start", "hostgwd")  # returns at READY=1
    site.worker.wait_routes(site.lab.nodes)
    poll(lambda: not site.lab.unreachable_pairs(), "pods reach each other")
    assert site.machine.show("hostgwd.service", "ActiveState") == "active"
    poll(lambda: "2 nodes; 1 of 1 routes" in site.machine.show("hostgwd.service", "StatusText"),
         "the status text")
    assert "FLANNEL_MTU=1500" in site.machine.run("cat", "/run/flannel/subnet.env").stdout
    assert (site.overlay.path / "etc/cni/net.d/10-flannel.conflist").exists()
    assert "Watching for new subnet leases" in site.machine.journal("hostgwd.service")


def test_it_is_no_root_and_has_the_one_capability(site: Site) -> None:
    status = site.machine.run("cat", f"/proc/{site.main_pid()}/status").stdout
    uid = re.search(r"^Uid:\s+(\d+)", status, re.MULTILINE)
    assert uid and uid[1] != "0"
    for field in ("CapEff", "CapBnd", "CapAmb"):
        assert re.search(rf"^{field}:\s+0000000000001000$", status, re.MULTILINE), status


def test_without_the_capability_it_names_it(site: Site) -> None:
    done = site.machine.run("setpriv", "--reuid=hostgwd", "--regid=hostgwd", "--clear-groups",
                            "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all",
                            "hostgwd", "--nodes-file=/dev/null", "--route-protocol=73",
                            "--net-config-path=/etc/hostgwd/net-conf.json", check=False)
    assert done.returncode != 0
    assert "CAP_NET_ADMIN" in done.stdout + done.stderr


def pinging(site: Site) -> list[str]:
    """Words of a ping, across the nodes, that tells whether one was lost."""
    address = site.lab.workers[1].node.pod_address(10)
    return ["ping", "-n", "-q", "-i", "0.01", "-W", "5", address]


def assert_none_lost(site: Site, ping) -> None:
    ping.interrupt()
    assert re.search(r" 0% packet loss", ping.log()), ping.log()


def test_killed_it_is_back_without_a_gap(site: Site) -> None:
    assert site.worker.pod
    ping = site.worker.pod.start(*pinging(site), name="ping")
    old = site.main_pid()
    site.machine.run("kill", "-KILL", old)
    site.wait_new_pid(old)
    assert_none_lost(site, ping)


def test_the_watchdog_ends_one_that_hangs(site: Site) -> None:
    """Stopped whole, as the unit's limits are what is tried here; that nothing but the loop feeds
    the watchdog is shown by integration/test_service.py."""
    old = site.main_pid()
    site.machine.run("kill", "-STOP", old)
    site.wait_new_pid(old, 60)
    assert "atchdog" in site.machine.run("journalctl", "--no-pager", "-u", "hostgwd.service").stdout


def test_an_upgrade_restarts_it_without_a_gap(site: Site) -> None:
    assert site.worker.pod
    ping = site.worker.pod.start(*pinging(site), name="ping")
    old = site.main_pid()
    site.install()
    site.wait_new_pid(old)
    assert_none_lost(site, ping)


def test_a_reload_is_one(site: Site) -> None:
    pid = site.main_pid()
    site.machine.run("systemctl", "reload", "hostgwd")
    assert site.main_pid() == pid
    assert site.machine.show("hostgwd.service", "ActiveState") == "active"


def test_a_program_that_routes_too_is_named_at_start(site: Site) -> None:
    """Though it is of another user, root, and the service is not."""
    shutil.copy("/bin/sleep", site.overlay.path / "root/flanneld")
    site.machine.run("systemd-run", "--unit=rival", "/root/flanneld", "infinity")
    site.machine.run("systemctl", "restart", "hostgwd")
    rival = site.machine.show("rival.service", "MainPID")
    poll(lambda: f"flanneld runs as process {rival}: "
         in site.machine.journal("hostgwd.service"), "a warning of flanneld")
    site.machine.run("systemctl", "stop", "rival")


def test_booted_without_an_api_server_its_routes_are_back(site: Site) -> None:
    # What is known is written at the latest when it stops.
    site.machine.power_off()
    site.control.stop("kube-apiserver")
    for route in site.worker.routes():
        site.worker.batch(f"route del {route}")
    site.worker.run("nft", "delete", "table", "inet", "hostgw")
    site.machine.boot()
    site.worker.wait_routes(site.lab.nodes)
    poll(lambda: "masquerade" in site.worker.rules(), "rules")
    site.control.start("kube-apiserver")
    poll(lambda: site.machine.show("hostgwd.service", "ActiveState") == "active", "active", 90)


def test_removed_and_purged_nothing_is_left(site: Site) -> None:
    site.machine.run("dpkg", "--remove", "hostgwd")
    assert not site.worker.routes()
    assert "hostgw" not in site.worker.rules()
    site.machine.run("dpkg", "--purge", "hostgwd")
    left = [name for name in site.overlay.changed() - site.before
            if "hostgw" in name and (site.overlay.path / name).exists()
            and not name.startswith(("root/", "etc/systemd/system/hostgwd.service.d"))]
    assert left == []
    assert "hostgwd" not in (site.overlay.path / "etc/passwd").read_text()
