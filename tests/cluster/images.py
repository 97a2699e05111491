# SPDX-License-Identifier: GPL-2.0-or-later
"""What the cluster runs: containerd's programs, the image of its pods, and hostgwd's."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from private_root import cached_package

POD_IMAGE = "localhost/pod:test"
POD_PORT = 8080
# As the first process it must heed SIGTERM itself.
POD_COMMAND = f"""\
trap 'exit 0' TERM
httpd -f -p 0.0.0.0:{POD_PORT} -h /www &
while :; do sleep 1000 & wait $!; done
"""
# Tells who asked, and which pod answers.
WHO = """\
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s %s\\n' "$REMOTE_ADDR" "$HOSTNAME"
"""


def unpack(package: str, folder: Path) -> Path:
    """A package as deploy/dependencies.sh keeps it, never installed: its services would start."""
    if not folder.exists():
        partial = folder.with_name(folder.name + ".new")
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["dpkg-deb", "-x", str(cached_package(package)), str(partial)], check=True)
        partial.rename(folder)
    return folder


def pod_image(folder: Path) -> Path:
    """An archive with nothing but busybox in it; it is the sandboxes' too."""
    archive = folder / "pod.oci.tar"
    if not archive.exists():
        files = folder / "pod"
        shutil.rmtree(files, ignore_errors=True)
        _write_pod_files(folder, files)
        _write_archive(folder, files, archive.with_name(archive.name + ".new")).rename(archive)
    return archive


def _write_pod_files(folder: Path, files: Path) -> None:
    busybox = unpack("busybox-static", folder / "busybox") / "bin/busybox"
    for name in ("bin", "tmp", "www/cgi-bin"):
        (files / name).mkdir(parents=True)
    shutil.copy(busybox, files / "bin/busybox")
    applets = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in applets.stdout.split():
        if applet != "busybox":
            (files / "bin" / applet).symlink_to("busybox")
    who = files / "www/cgi-bin/who"
    who.write_text(WHO, encoding="ascii")
    who.chmod(0o755)


def _write_archive(folder: Path, files: Path, archive: Path) -> Path:
    def buildah(*arguments: str) -> str:
        command = ["buildah", f"--root={folder}/storage", f"--runroot={folder}/storage.run",
                   "--storage-driver=vfs", *arguments]  # fmt: skip
        return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    container = buildah("from", "scratch")
    buildah("copy", "--quiet", container, str(files), "/")
    entrypoint = json.dumps(["/bin/sh", "-c", POD_COMMAND])
    buildah("config", "--env=PATH=/bin", "--cmd=", f"--entrypoint={entrypoint}", container)
    buildah("commit", "--quiet", "--rm", container, f"oci-archive:{archive}:{POD_IMAGE}")
    return archive


def hostgwd_images() -> list[Path]:
    """The one under test, and the one before it."""
    built = Path(__file__).parents[2] / "build/cluster"
    paths = [built / "hostgwd.oci.tar", built / "previous.oci.tar"]
    for path in paths:
        if not path.exists():
            sys.exit(f"there is no image {path}: sudo tests/run.sh --cluster builds it")
    return paths
