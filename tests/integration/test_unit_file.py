# SPDX-License-Identifier: GPL-2.0-or-later
"""hostgwd.service and its drop-ins, as systemd's own tools judge them; nothing is booted."""

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest

from lab import hostgwd

SYSTEMD = Path(__file__).parents[2] / "deploy/systemd"
UNIT = SYSTEMD / "hostgwd.service"
EXPOSURE_MOST = 2.0


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_COLORS": "0"}
    return subprocess.run(
        ["systemd-analyze", "--no-pager", *arguments],
        capture_output=True, text=True, timeout=60, env=environment, check=False,
    )  # fmt: skip


def setting(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """With the binary that was built, as systemd looks whether there is one."""
    text = UNIT.read_text("utf-8").replace("/usr/sbin/hostgwd", hostgwd())
    made = tmp_path / UNIT.name
    made.write_text(text, encoding="utf-8")
    return made


def test_no_setting_is_unknown_or_mistaken(unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    unit.write_text(unit.read_text("utf-8").replace("WatchdogSec=", "WatchdogSecs="), "utf-8")
    assert "WatchdogSecs" in analyze("verify", "--man=no", str(unit)).stderr  # it does look


def test_exposure(unit: Path) -> None:
    done = analyze("security", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for hostgwd.service: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    print(f"systemd-analyze security: {found[1]}")
    assert float(found[1]) < EXPOSURE_MOST, done.stdout


def test_kubelet_does_not_wait_for_what_waits_for_kubelet() -> None:
    """Ready means that the Node has a pod CIDR; kubelet registers the Node."""
    assert setting("Type") == ["notify"]
    assert not any("kubelet" in units for units in setting("Before"))
    assert setting("TimeoutStartSec") == ["infinity"]
    assert setting("RestartPreventExitStatus") == ["2"]


def test_networkd_leaves_routes_and_objects_alone() -> None:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    parser.read(SYSTEMD / "networkd.conf")
    assert dict(parser["Network"]) == {
        "ManageForeignRoutes": "no",
        "ManageForeignNextHops": "no",
    }
