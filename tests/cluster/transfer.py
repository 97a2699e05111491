# SPDX-License-Identifier: GPL-2.0-or-later
"""Bytes from one pod to another by TCP, checked at the other end."""

import hashlib
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

from pods import Pod

PORT = 9000
BLOCK = os.urandom(1 << 20)
PATIENCE = 60.0  # seconds
TOTAL_RETRANS, DSACK_DUPS = 100, 216  # offsets of tcpi_... in struct tcp_info (linux/tcp.h)


def _receive(listener: socket.socket) -> tuple[int, str]:
    digest, count = hashlib.sha256(), 0
    with listener, listener.accept()[0] as stream:
        stream.settimeout(PATIENCE)
        while data := stream.recv(1 << 20):
            digest.update(data)
            count += len(data)
        stream.sendall(b"\0")  # all has arrived
    return count, digest.hexdigest()


def transfer(source: Pod, target: Pod, blocks: int) -> int:
    """Sends so many MiB; returns how many segments were lost: sent again, less those that the other
    end says it had (RFC 3708), as when a busy machine answered late."""
    listener = target.inside(lambda: socket.create_server((target.address, PORT)))
    listener.settimeout(PATIENCE)
    digest = hashlib.sha256()
    with ThreadPoolExecutor(1) as pool:
        received = pool.submit(_receive, listener)
        address = (target.address, PORT)
        with source.inside(lambda: socket.create_connection(address, PATIENCE)) as stream:
            for _ in range(blocks):
                stream.sendall(BLOCK)
                digest.update(BLOCK)
            stream.shutdown(socket.SHUT_WR)
            assert stream.recv(1) == b"\0"
            info = stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
        assert received.result() == (blocks << 20, digest.hexdigest()), "what arrived is not it"
    again, had = (struct.unpack_from("I", info, at)[0] for at in (TOTAL_RETRANS, DSACK_DUPS))
    return max(0, again - had)
