# SPDX-License-Identifier: GPL-2.0-or-later
"""A release can be made again by anybody, and its signature checked."""

import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=1200, check=False)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def test_two_builds_are_the_same_bytes() -> None:
    done = run(DEPLOY / "verify.sh")
    print(done.stdout)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["same", "same"]


@pytest.fixture(name="file")
def a_file(tmp_path: Path) -> Path:
    (tmp_path / "release").write_text("what is signed\n")
    return tmp_path / "release"


@pytest.mark.parametrize("algorithm", ["ed25519", "RSA"])
def test_signed_with_openssl(file: Path, algorithm: str) -> None:
    key, public = file.with_name("key.pem"), file.with_name("key.pub")
    run("openssl", "genpkey", "-algorithm", algorithm, "-out", key)
    run("openssl", "pkey", "-in", key, "-pubout", "-out", public)
    assert run(DEPLOY / "sign.sh", key, file).stdout == f"{file}.sig\n"
    verify = ("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-sigfile",
              f"{file}.sig", "-in", file)
    run(*verify)
    file.write_text("something else\n")
    assert run(*verify, check=False).returncode != 0


def test_signed_with_signify(file: Path) -> None:
    secret, public = file.with_name("key.sec"), file.with_name("key.pub")
    run("signify-openbsd", "-G", "-n", "-s", secret, "-p", public)
    run(DEPLOY / "sign.sh", secret, file)
    run("signify-openbsd", "-V", "-p", public, "-x", f"{file}.sig", "-m", file)


def test_no_key(file: Path) -> None:
    done = run(DEPLOY / "sign.sh", file, file, check=False)
    assert done.returncode == 2 and "neither" in done.stderr
