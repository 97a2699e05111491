# SPDX-License-Identifier: GPL-2.0-or-later
"""deploy/monitoring: alerts that fire, and no query for a metric that there is not."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Iterator

import pytest

import nodes_file
import prometheus
from lab import Lab
from waiting import poll

PORT = 18081
FOLDER = prometheus.ROOT / "deploy/monitoring"
ALERTS = FOLDER / "alerts.yaml"
TESTS = FOLDER / "alerts_test.yaml"
NAME = re.compile(r"\b(?:hostgw|process)_[a-z_]+")
STATES = re.compile(r'hostgw_nodes\{[^}]*state!?[=~]+"([^"]*)"')


@pytest.fixture
def exposition(lab: Lab) -> str:
    worker = lab.workers[0]
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    worker.start_daemon("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
    url = f"http://127.0.0.1:{PORT}/metrics"
    return poll(lambda: worker.run("curl", "-s", url, check=False).stdout, "/metrics")


def queries() -> Iterator[str]:
    """All expressions of the dashboard; those of the alerts are in their file's text."""
    dashboard: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="ascii"))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for variable in dashboard["templating"]["list"]:
        yield json.dumps(variable.get("query", ""))


def exported(exposition: str) -> set[str]:
    """Names that queries may use, those of a histogram's parts among them."""
    names = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", exposition, re.MULTILINE):
        parts = ("_bucket", "_sum", "_count") if kind == "histogram" else ("",)
        names.update(name + part for part in parts)
    return names


def test_alerts_are_rules() -> None:
    done = prometheus.promtool("check", "rules", str(ALERTS))
    assert done.returncode == 0 and "rules found" in done.stdout, done.stdout + done.stderr


def test_each_alert_fires() -> None:
    done = prometheus.promtool("test", "rules", str(TESTS))
    assert done.returncode == 0 and "SUCCESS" in done.stdout, done.stdout + done.stderr
    alerts = re.findall(r"^  - alert: (\w+)$", ALERTS.read_text(encoding="ascii"), re.MULTILINE)
    fired = re.findall(
        r"^  - alertname: (\w+)\n    eval_time: \w+\n    exp_alerts:\n    - exp_labels:",
        TESTS.read_text(encoding="ascii"),
        re.MULTILINE,
    )
    assert len(alerts) > 10 and sorted(alerts) == sorted(fired)


def test_an_alert_that_does_not_fire_is_noticed(tmp_path: Path) -> None:
    """Else the test above could not fail."""
    text = ALERTS.read_text(encoding="ascii")
    broken = text.replace("hostgw_ready == 0", "hostgw_ready == 2")
    assert broken != text
    (tmp_path / ALERTS.name).write_text(broken, encoding="ascii")
    shutil.copy(TESTS, tmp_path)
    assert prometheus.promtool("test", "rules", str(tmp_path / TESTS.name)).returncode != 0


def test_queries_are_for_metrics_that_there_are(exposition: str) -> None:
    known = exported(exposition)
    alerts = ALERTS.read_text(encoding="ascii")
    used = {name for text in (*queries(), alerts) for name in NAME.findall(text)}
    assert len(used) > 20
    assert not used - known
    # What nobody looks at need not be exported.
    assert not {name for name in known if name.startswith("hostgw_")} - used - {
        "hostgw_reconcile_duration_seconds_sum"
    }


def test_states_are_those_that_there_are(exposition: str) -> None:
    known = set(re.findall(r'^hostgw_nodes\{state="(.*)"\}', exposition, re.MULTILINE))
    alerts = ALERTS.read_text(encoding="ascii")
    lists = [found for text in (*queries(), alerts) for found in STATES.findall(text)]
    assert len(lists) == 2
    for words in lists:
        assert set(words.split("|")) <= known


def test_promtool_reads_the_dashboards_queries(tmp_path: Path) -> None:
    """As rules, with Grafana's variable filled in."""
    rules = {
        "groups": [
            {
                "name": "dashboard",
                "rules": [
                    {"record": f"query:{number}", "expr": text.replace("$instance", ".*")}
                    for number, text in enumerate(queries())
                    if "label_values" not in text and text != '"prometheus"'
                ],
            }
        ]
    }
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules), encoding="ascii")
    done = prometheus.promtool("check", "rules", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


def test_scrape_job_is_read(tmp_path: Path) -> None:
    """Without its discovery, which Debian's Prometheus is built without."""
    text = (FOLDER / "scrape.yaml").read_text(encoding="ascii")
    discovery = re.search(r"  kubernetes_sd_configs:\n(  -.*\n)(    .*\n)*", text)
    assert discovery
    file = tmp_path / "prometheus.yml"
    file.write_text(
        text.replace(discovery[0], "  static_configs: [{targets: [localhost]}]\n"), "ascii"
    )
    done = prometheus.promtool("check", "config", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = (prometheus.ROOT / "deploy/hostgwd.yaml").read_text(encoding="ascii")
    assert "- name: metrics\n" in manifest and "namespace: kube-flannel\n" in manifest
