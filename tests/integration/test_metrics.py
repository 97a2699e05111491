# SPDX-License-Identifier: GPL-2.0-or-later
"""/metrics, as promtool judges it and as Prometheus scrapes it."""

import json
import urllib.parse
from pathlib import Path
from typing import Generator

import pytest

import nodes_file
import prometheus
from fake_faults import status
from fake_site import Dialect, Site
from lab import Lab, Worker
from process import Process
from waiting import poll, poll_equal

PORT = 18081
SCRAPER = "127.0.0.1:18090"


def fetch(worker: Worker, path: str = "/metrics") -> str:
    """Nothing while nobody answers."""
    url = f"http://127.0.0.1:{PORT}{path}"
    return worker.run("curl", "-sS", "-m", "10", url, check=False).stdout


def samples(worker: Worker) -> prometheus.Samples:
    return prometheus.parse(fetch(worker))


def start(lab: Lab, worker: Worker) -> Process:
    lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
    daemon = worker.start_daemon("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
    poll_equal(lambda: samples(worker).get("hostgw_ready"), 1, "hostgw_ready")
    return daemon


def test_promtool_has_nothing_to_say(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker)
    done = prometheus.promtool("check", "metrics", stdin=fetch(worker))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_promtool_would_have_something_to_say() -> None:
    """Else the test above could not fail."""
    text = "# TYPE hostgw_things counter\nhostgw_things 1\n"
    done = prometheus.promtool("check", "metrics", stdin=text)
    assert done.returncode != 0


def test_content_type(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker)
    head = worker.run("curl", "-sSI", f"http://127.0.0.1:{PORT}/metrics").stdout
    assert "Content-Type: text/plain; version=0.0.4; charset=utf-8" in head
    assert "200 OK" in head


def test_the_network_is_not_told_of_nodes(lab: Lab) -> None:
    """/status, with every node's name, is for the socket alone."""
    worker = lab.workers[0]
    start(lab, worker)
    assert fetch(worker, "/status").startswith("there is no such page; there are /healthz /readyz")


def test_what_happens_is_counted(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker)
    before = samples(worker)
    assert before["hostgw_routes_desired"] == before["hostgw_routes_installed"] == 4
    assert before['hostgw_nodes{state="routed"}'] == 4
    assert before["hostgw_last_sync_timestamp_seconds"] > before["process_start_time_seconds"] - 1
    worker.batch("route del 10.1.4.0/24")
    repairs = 'hostgw_route_repairs_total{cause="deleted"}'
    poll(lambda: samples(worker)[repairs] == before[repairs] + 1, repairs)
    after = samples(worker)
    count = "hostgw_reconcile_duration_seconds_count"
    assert after[count] > before[count]
    assert after['hostgw_reconcile_duration_seconds_bucket{le="+Inf"}'] == after[count]
    assert after["hostgw_last_reconcile_timestamp_seconds"] > before[
        "hostgw_last_reconcile_timestamp_seconds"
    ]
    assert after["process_resident_memory_bytes"] > 1e6
    assert after["process_open_fds"] > 5


def test_repaired_after_another_took_its_place(lab: Lab) -> None:
    worker = lab.workers[0]
    start(lab, worker)
    worker.batch("route replace 10.1.4.0/24 via 192.168.2.46 dev ens192 proto static")
    cause = 'hostgw_route_repairs_total{cause="replaced"}'
    poll(lambda: samples(worker)[cause] == 1, cause)


@pytest.fixture
def site() -> Generator[Site, None, None]:
    with Lab(workers=1) as lab:
        made = Site(lab.workers[0], Dialect(protobuf=True))
        made.put(lab.workers[0].node)
        with made.api:
            yield made
            made.stop()


def test_requests_and_watches(site: Site) -> None:
    worker = site.worker
    site.api.fail_next("list", status(500))
    site.start("--healthz-ip=127.0.0.1", f"--healthz-port={PORT}")
    site.wait_watch()
    poll_equal(lambda: samples(worker).get("hostgw_ready"), 1, "hostgw_ready")
    seen = samples(worker)
    assert seen['hostgw_kube_requests_total{verb="list",code="500"}'] == 1
    assert seen['hostgw_kube_requests_total{verb="list",code="200"}'] == 1
    assert seen['hostgw_kube_requests_total{verb="watch",code="200"}'] >= 1
    site.api.send_error(410, "too old resource version")
    expired = 'hostgw_kube_watch_ends_total{cause="expired"}'
    poll(lambda: samples(worker)[expired] == 1, expired)


# ---- Prometheus itself ----


def query(worker: Worker, expression: str) -> list[dict[str, object]]:
    url = f"http://{SCRAPER}/api/v1/query?query={urllib.parse.quote(expression)}"
    done = worker.run("curl", "-sf", "-m", "5", url, check=False)
    answer = json.loads(done.stdout or "{}")
    return answer.get("data", {}).get("result", [])


def start_prometheus(worker: Worker, folder: Path) -> Process:
    config = folder / "prometheus.yml"
    config.write_text(
        f"""\
global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}
scrape_configs:
- job_name: hostgwd
  static_configs: [{{targets: ["127.0.0.1:{PORT}"]}}]
""",
        encoding="ascii",
    )
    return worker.start(
        prometheus.program("prometheus"), f"--config.file={config}",
        f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address={SCRAPER}",
        name="prometheus",
    )  # fmt: skip


def test_prometheus_scrapes(lab: Lab, tmp_path: Path) -> None:
    worker = lab.workers[0]
    start(lab, worker)
    scraper = start_prometheus(worker, tmp_path)
    poll(lambda: query(worker, 'up{job="hostgwd"} == 1'), "a scrape", 60)
    poll(lambda: query(worker, 'hostgw_nodes{state="routed"} == 4'), "hostgw_nodes", 60)
    poll(
        lambda: query(worker, "histogram_quantile(0.99, hostgw_reconcile_duration_seconds_bucket)"),
        "the histogram",
        60,
    )
    assert scraper.stop(60) == 0
