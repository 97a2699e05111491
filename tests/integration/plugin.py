# SPDX-License-Identifier: GPL-2.0-or-later
"""A credential plugin (users[].user.exec of a kubeconfig) that does what a test wants."""

import json
import time
from pathlib import Path
from typing import Any

from lab import write_atomically

API_VERSION = "client.authentication.k8s.io/v1"

SCRIPT = """\
#!/bin/sh
# Notes that it ran, and how; says what the test has put down; ends as the test wants.
cd "$(dirname "$0")" || exit 99
echo "$@" >>runs
grep -E '^(Cap|NoNew)' /proc/self/status >status
printf '%s' "$KUBERNETES_EXEC_INFO" >info
printf '%s' "$PLUGIN_SAYS" >variable
cat answer
. ./end
"""


def far(seconds: float) -> str:
    """A moment so many seconds from now, as Kubernetes writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Plugin:
    """Its script and its files are in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder / "plugin"
        self.folder.mkdir()
        self.script = self.folder / "plugin"
        self.script.write_text(SCRIPT, encoding="ascii")
        self.script.chmod(0o755)
        self.end(":")

    def answer(self, **status: str) -> None:
        """What it gives from now on."""
        given = {"apiVersion": API_VERSION, "kind": "ExecCredential", "status": status}
        self.say(json.dumps(given))

    def say(self, text: str) -> None:
        write_atomically(self.folder / "answer", text)

    def end(self, script: str) -> None:
        """A piece of shell that is run last."""
        write_atomically(self.folder / "end", script + "\n")

    def runs(self) -> int:
        notes = self.folder / "runs"
        return len(notes.read_text(encoding="utf-8").splitlines()) if notes.exists() else 0

    def note(self, name: str) -> str:
        """What it noted of its last run: status, info, variable."""
        return (self.folder / name).read_text(encoding="utf-8")

    def user(self, **more: Any) -> dict[str, Any]:
        """The user of a kubeconfig that has it."""
        return {"exec": {"apiVersion": API_VERSION, "command": str(self.script), **more}}
