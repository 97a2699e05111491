# SPDX-License-Identifier: GPL-2.0-or-later
"""What a packet's receiver sees as its source: flannel's rules for masquerading, case by case.

"Own" and "peer" are two nodes that both run the daemon and a kube-proxy. `plain`: the packet has
no mark. `marked`: the kube-proxy of the node that it enters first, or whose NodePort it is sent to,
has put 0x4000 on it and rewrites its source; it has an address of its own for that, so that one
sees who did. A case that cannot be has `-` and the reason; rules see what a bridge switches only
where br_netfilter is on, so that nobody can count on a mark there.

    kept                 the sender's own address
    own node, peer node  masqueraded by the daemon there
    own proxy, peer proxy  by the kube-proxy there

The clauses, in the order in which they are asked:
    mark        mark 0x4000 set: left to kube-proxy
    within      Network -> Network: no
    spared      Network -> non-masquerade CIDR: no
    multicast   Network -> multicast: no
    leaves      Network -> anything else: masquerade
    client      outside -> pods of this node: no, the client's address stays visible
    elsewhere   outside -> pods of another node: masquerade, so that answers come back this way
    none        neither end is in the Network: no rule
    ends        ends on the node that it enters, before any rule of ours
"""

from dataclasses import dataclass

SOURCES = ("own pod", "peer pod", "own host", "peer host", "outside")
DESTINATIONS = (
    "own pod", "peer pod", "own node", "peer node", "outside", "multicast", "spared CIDR",
    "NodePort, own pod", "NodePort, peer pod",
)  # fmt: skip
MARKS = ("plain", "marked")

# NodePorts are the own node's. The pods that receive are not those that send.
TEXT = """
source    | destination        | plain     | marked     | clause of the plain one
own pod   | own pod            | kept      | -          | within, if seen: a bridge switches it
own pod   | peer pod           | kept      | own proxy  | within
own pod   | own node           | kept      | kept       | ends
own pod   | peer node          | own node  | own proxy  | leaves
own pod   | outside            | own node  | own proxy  | leaves
own pod   | multicast          | kept      | own proxy  | multicast
own pod   | spared CIDR        | kept      | own proxy  | spared
own pod   | NodePort, own pod  | kept      | own proxy  | within
own pod   | NodePort, peer pod | kept      | own proxy  | within
peer pod  | own pod            | kept      | peer proxy | within
peer pod  | peer pod           | kept      | -          | within, if seen: a bridge switches it
peer pod  | own node           | peer node | peer proxy | leaves
peer pod  | peer node          | kept      | kept       | ends
peer pod  | outside            | peer node | peer proxy | leaves
peer pod  | multicast          | kept      | peer proxy | multicast
peer pod  | spared CIDR        | kept      | peer proxy | spared
peer pod  | NodePort, own pod  | peer node | own proxy  | leaves (peer), then client (own)
peer pod  | NodePort, peer pod | own node  | own proxy  | leaves (peer), then elsewhere (own)
own host  | own pod            | kept      | own proxy  | client
own host  | peer pod           | own node  | own proxy  | elsewhere
own host  | own node           | kept      | own proxy  | none
own host  | peer node          | kept      | own proxy  | none
own host  | outside            | kept      | own proxy  | none
own host  | multicast          | kept      | own proxy  | none
own host  | spared CIDR        | kept      | own proxy  | none
own host  | NodePort, own pod  | kept      | own proxy  | client
own host  | NodePort, peer pod | own node  | own proxy  | elsewhere
peer host | own pod            | peer node | peer proxy | elsewhere (peer), then client (own)
peer host | peer pod           | kept      | peer proxy | client
peer host | own node           | kept      | peer proxy | none
peer host | peer node          | kept      | peer proxy | none
peer host | outside            | kept      | peer proxy | none
peer host | multicast          | kept      | peer proxy | none
peer host | spared CIDR        | kept      | peer proxy | none
peer host | NodePort, own pod  | kept      | own proxy  | client
peer host | NodePort, peer pod | own node  | own proxy  | elsewhere
outside   | own pod            | kept      | own proxy  | client
outside   | peer pod           | own node  | own proxy  | elsewhere (its route: the own node)
outside   | own node           | kept      | kept       | ends
outside   | peer node          | kept      | kept       | ends
outside   | outside            | -         | -          | meets no node
outside   | multicast          | kept      | kept       | ends (the own node is in the group)
outside   | spared CIDR        | kept      | own proxy  | none (its route: the own node)
outside   | NodePort, own pod  | kept      | own proxy  | client
outside   | NodePort, peer pod | own node  | own proxy  | elsewhere
"""  # fmt: skip


@dataclass(frozen=True)
class Case:
    source: str
    destination: str
    mark: str
    seen: str
    clause: str


def cases() -> list[Case]:
    """All that can be."""
    rows = [[cell.strip() for cell in line.split("|")] for line in TEXT.split("\n")[2:-1]]
    assert sorted((row[0], row[1]) for row in rows) == sorted(
        (source, destination) for source in SOURCES for destination in DESTINATIONS
    ), "each combination is there, once"
    return [
        Case(source, destination, mark, seen, clause if mark == "plain" else "mark")
        for source, destination, *both, clause in rows
        for mark, seen in zip(MARKS, both)
        if seen != "-"
    ]
