# SPDX-License-Identifier: GPL-2.0-or-later
"""The guide's ways to hostgwd from other programs' routes: its commands lose no ping."""

import pytest

import nodes_file
from guide import guides_loop
from lab import NETWORK, Lab
from waiting import poll


@pytest.mark.parametrize("mode", ["never", "always"])
@pytest.mark.parametrize("protocol", ["static", "17"], ids=["static", "kube-router"])
def test_routes_are_handed_over_in_place(protocol: str, mode: str) -> None:
    with Lab(workers=3) as lab:
        lab.write_nodes_file(nodes_file.short_yaml(lab.nodes))
        lab.add_pods()
        first = lab.workers[0]
        for worker in lab.workers:
            worker.batch(
                *(
                    f"route add {n.pod_cidr} via {n.address} dev ens192 proto {protocol}"
                    for n in lab.nodes
                    if n is not worker.node
                )
            )
        daemon = first.start_daemon(f"--nexthop-objects={mode}")
        daemon.wait_log("Running backend")
        daemon.wait_log("Route .* is in the way")
        assert first.routes() == {}, "others' routes are left alone"
        assert first.pod
        pings = [
            first.pod.start("ping", "-n", "-i", "0.05", n.pod_address(10), name=n.name)
            for n in lab.nodes[1:]
        ]
        for ping in pings:
            ping.wait_log("icmp_seq=5 ")
        loop = guides_loop(f"ip route show root 10.244.0.0/16 proto {protocol} |")
        first.run("sh", "-c", loop.replace("10.244.0.0/16", NETWORK))
        first.wait_routes(lab.nodes)
        assert first.ip_json("route", "show", "root", NETWORK, "proto", protocol) == []
        if mode == "always":
            poll(lambda: len(first.ip_json("nexthop", "show")) == 2, "objects in use")
        for ping in pings:
            ping.interrupt()
            assert " 0% packet loss" in ping.log(), ping.log()[-300:]
        assert daemon.stop() == 0
        again = first.start_daemon(f"--nexthop-objects={mode}")
        again.wait_log("Running backend")
        assert "in the way" not in again.log()
