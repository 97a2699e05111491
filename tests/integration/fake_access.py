# SPDX-License-Identifier: GPL-2.0-or-later
"""What lets a client in: certificates made on the spot, and kubeconfigs."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Pki:
    """A CA, and certificates that it signs, as files below one folder."""

    def __init__(self, folder: Path, name: str = "ca"):
        self._folder = folder
        self.ca = folder / f"{name}.crt"
        self._ca_key = folder / f"{name}.key"
        self._openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", f"/CN={name}", "-days", "2", "-keyout", self._ca_key, "-out", self.ca,
        )  # fmt: skip

    def _openssl(self, *arguments: object) -> None:
        command = ["openssl", *(str(argument) for argument in arguments)]
        subprocess.run(command, check=True, capture_output=True)

    def certificate(
        self, name: str, subject: str, names: str = "", days: int = 2
    ) -> tuple[Path, Path]:
        """(certificate, key); `names`: "IP:127.0.0.1,DNS:api"; days < 0: expired."""
        certificate, key = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        request, extensions = self._folder / f"{name}.csr", self._folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n" if names else "", encoding="ascii")
        self._openssl(
            "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", subject, "-keyout", key, "-out", request,
        )  # fmt: skip
        self._openssl(
            "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", self._ca_key,
            "-CAcreateserial", "-days", days, "-extfile", extensions, "-out", certificate,
        )  # fmt: skip
        return certificate, key


@dataclass
class Kubeconfig:
    """Writes a kubeconfig; a None is left out."""

    server: str
    ca: Path | None = None
    token: str | None = None
    token_file: Path | None = None
    client: tuple[Path, Path] | None = None
    cluster: dict[str, Any] = field(default_factory=dict)
    user: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> Path:
        cluster: dict[str, Any] = {"server": self.server, **self.cluster}
        user: dict[str, Any] = {**self.user}
        if self.ca:
            cluster["certificate-authority"] = str(self.ca)
        if self.token:
            user["token"] = self.token
        if self.token_file:
            user["tokenFile"] = str(self.token_file)
        if self.client:
            user["client-certificate"], user["client-key"] = map(str, self.client)
        config = {
            "current-context": "test",
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "test", "user": user}],
        }
        path.write_text(json.dumps(config), encoding="utf-8")
        return path
