# SPDX-License-Identifier: GPL-2.0-or-later
"""The container image: what is in it, and that it does its job with one capability."""

import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Generator

import pytest

from control_plane import ControlPlane, node_manifest
from lab import INTERNET, Lab, Worker
from podman import Podman, image_archive
from waiting import poll

SIZE_LIMIT = 30_000_000  # bytes, uncompressed

# All that is no library: the program under its four names, certificates, the papers.
FILES = {
    "usr/sbin/hostgwd",
    "opt/bin/flanneld",
    "opt/bin/install-conf",
    "bin/cp",
    "etc/ssl/certs/ca-certificates.crt",
    "usr/share/doc/hostgwd/LICENSE",
    "usr/share/doc/hostgwd/sbom.spdx.json",
}
# Where the kernel looks for the loader: part of each architecture's ABI.
LOADERS = {"amd64": "lib64/ld-linux-x86-64.so.2", "arm64": "lib/ld-linux-aarch64.so.1"}


class Image:
    """The archive, unpacked."""

    def __init__(self, folder: Path):
        with tarfile.open(image_archive()) as archive:
            archive.extractall(folder / "oci")
        self._blobs = folder / "oci/blobs/sha256"
        index = json.loads((folder / "oci/index.json").read_text())
        self.digest = index["manifests"][0]["digest"]
        manifest = self._blob(self.digest)
        self.config = self._blob(manifest["config"]["digest"])
        self.root = folder / "root"
        self.members: list[tarfile.TarInfo] = []
        for layer in manifest["layers"]:
            with tarfile.open(self._blobs / layer["digest"].partition(":")[2]) as files:
                self.members += files.getmembers()
                files.extractall(self.root)

    def _blob(self, digest: str) -> dict:
        return json.loads((self._blobs / digest.partition(":")[2]).read_text())

    def files(self) -> set[str]:
        return {member.name for member in self.members if not member.isdir()}


@pytest.fixture(name="image", scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Image:
    return Image(tmp_path_factory.mktemp("image"))


def needed(root: Path, file: str, target: str) -> set[str]:
    """The libraries that a program of the image asks for, and those that they ask for."""
    text = subprocess.run(["readelf", "--wide", "--dynamic", root / file], capture_output=True,
                          text=True, check=True).stdout
    names = {name for name in re.findall(r"\(NEEDED\).*\[(.*)\]", text)
             if not name.startswith("ld-linux")}
    paths = {f"lib/{target}/{name}" for name in names}
    return paths.union(*(needed(root, path, target) for path in paths))


def test_nothing_in_it_that_is_not_needed(image: Image) -> None:
    target = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
    libraries = needed(image.root, "usr/sbin/hostgwd", target[image.config["architecture"]])
    assert image.files() == FILES | libraries | {LOADERS[image.config["architecture"]]}
    for name in ("opt/bin/flanneld", "opt/bin/install-conf", "bin/cp"):
        link = image.root / name
        assert (link.parent / os.readlink(link)).resolve() == image.root / "usr/sbin/hostgwd"


def test_size(image: Image) -> None:
    size = sum(member.size for member in image.members)
    print(f"image: {size / 1e6:.1f} MB uncompressed, the program "
          f"{(image.root / 'usr/sbin/hostgwd').stat().st_size / 1e6:.1f} MB")
    assert size < SIZE_LIMIT


def test_everything_belongs_to_root_and_nothing_is_setuid(image: Image) -> None:
    for member in image.members:
        assert (member.uid, member.gid) == (0, 0), member.name
        assert member.mode & 0o7022 == 0 or member.issym(), f"{member.name}: {member.mode:o}"


def test_labels_and_entrypoint(image: Image) -> None:
    config = image.config["config"]
    assert config["Entrypoint"] == ["/usr/sbin/hostgwd"]
    labels = config["Labels"]
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"], name


def test_bill_of_materials_names_every_library(image: Image) -> None:
    bill = json.loads((image.root / "usr/share/doc/hostgwd/sbom.spdx.json").read_text())
    beside = image_archive().with_name(image_archive().name + ".spdx.json")
    assert json.loads(beside.read_text()) == bill
    packages = {package["name"]: package for package in bill["packages"]}
    assert {"hostgwd", "glibc", "libmnl", "curl", "openssl", "nghttp2", "zlib", "libuv1",
            "libnftnl", "libyaml", "pcre2", "cjson", "libmicrohttpd",
            "ca-certificates"} == set(packages)
    assert all(package["versionInfo"] for package in packages.values())
    related = {relation["relatedSpdxElement"] for relation in bill["relationships"]}
    assert {package["SPDXID"] for package in packages.values()} == related


# ---- it runs ----


@pytest.fixture(name="site", scope="module")
def running_site() -> Generator[tuple[Lab, ControlPlane, Podman], None, None]:
    with Lab(workers=2) as lab, ControlPlane(lab) as control:
        podman = Podman(lab.folder)
        try:
            yield lab, control, podman
        finally:
            podman.close()


def mounts(worker: Worker, control: ControlPlane) -> list[str]:
    """The folders that deploy/hostgwd.yaml mounts, out of the lab."""
    for name in ("flannel", "hostgw", "cni"):
        (worker.folder / name).mkdir(exist_ok=True)
    return [
        f"--volume={worker.folder / 'flannel'}:/run/flannel",
        f"--volume={worker.folder / 'hostgw'}:/run/hostgw",
        f"--volume={worker.folder / 'cni'}:/etc/cni/net.d",
        f"--volume={worker.net_conf}:/etc/kube-flannel/net-conf.json:ro",
        f"--volume={control.folder}:{control.folder}:ro",
        f"--env=NODE_NAME={worker.name}",
    ]


def test_does_its_job_with_one_capability(site: tuple[Lab, ControlPlane, Podman]) -> None:
    lab, control, podman = site
    for node in lab.nodes:
        control.create(node_manifest(node.name, podCIDR=node.pod_cidr, podCIDRs=[node.pod_cidr]))
    lab.add_pods()
    for worker in lab.workers:
        podman.start(worker, "--kube-subnet-mgr", "--ip-masq", "--healthz-port=8081",
                     f"--kubeconfig-file={control.kubeconfig('hostgwd')}",
                     "--cni-conf-file=/etc/cni/net.d/10-flannel.conflist",
                     options=mounts(worker, control))
    for worker in lab.workers:
        worker.wait_routes(lab.nodes)
    poll(lambda: not lab.unreachable_pairs(), "pods reach each other")
    pod = lab.workers[0].pod
    assert pod and pod.ping(INTERNET)
    assert lab.outside.seen() == {lab.workers[0].address}
    assert "FLANNEL_MTU=1500" in (lab.workers[0].folder / "flannel/subnet.env").read_text()
    assert (lab.workers[0].folder / "cni/10-flannel.conflist").exists()
    ready = lab.workers[0].run("curl", "-sf", "http://127.0.0.1:8081/readyz")
    assert ready.returncode == 0


def test_it_has_the_one_capability_and_no_more(site: tuple[Lab, ControlPlane, Podman]) -> None:
    _, _, podman = site
    # Podman's process is the container's parent; the container's is asked for by name.
    pid = podman.run("inspect", "--format={{.State.Pid}}", podman.last_name()).strip()
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    assert re.search(r"^CapEff:\s+0000000000001000$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_status_by_exec(site: tuple[Lab, ControlPlane, Podman]) -> None:
    """As kubectl exec does it, in an image without a shell."""
    lab, _, podman = site
    said = podman.run("exec", podman.last_name(), "/usr/sbin/hostgwd", "status")
    for node in lab.nodes:
        assert node.name in said and node.pod_cidr in said
    assert said.splitlines()[-1].startswith("All is well"), said


def test_without_the_capability_it_says_which(site: tuple[Lab, ControlPlane, Podman]) -> None:
    lab, control, podman = site
    worker = lab.workers[0]
    done = podman.once(worker, "--kube-subnet-mgr", "--route-protocol=73",
                       f"--kubeconfig-file={control.kubeconfig('hostgwd')}",
                       options=mounts(worker, control))
    assert done.returncode == 1, done.stdout + done.stderr
    assert "CAP_NET_ADMIN" in done.stdout + done.stderr


def test_the_names_of_flannels_image(site: tuple[Lab, ControlPlane, Podman]) -> None:
    lab, _, podman = site
    done = podman.once(lab.workers[0], "--version", entrypoint="/opt/bin/flanneld")
    assert done.returncode == 0 and "hostgwd" in done.stdout + done.stderr
