# SPDX-License-Identifier: GPL-2.0-or-later
"""A proxy for tests: HTTP CONNECT and SOCKS5 (RFC 1928), to one server whatever is asked for."""

import socket
import threading
from typing import BinaryIO


class FakeProxy:
    """Use it as a context manager. `refusal`: the status with which CONNECT is answered instead."""

    def __init__(self, target_port: int, refusal: str = ""):
        self.asked: list[str] = []  # host:port, as the client names it
        self._target = ("127.0.0.1", target_port)
        self._refusal = refusal
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listener]

    def __enter__(self) -> "FakeProxy":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            try:
                one.shutdown(socket.SHUT_RDWR)  # wakes who waits for it
            except OSError:
                pass
            one.close()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def _accept(self) -> None:
        try:
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()
        except OSError:
            pass  # the end

    def _serve(self, client: socket.socket) -> None:
        stream = client.makefile("rb", buffering=0)
        try:
            first = stream.read(1)
            good = self._socks(client, stream) if first == b"\x05" else self._http(client, stream)
            if not good:
                client.close()
                return
            server = socket.create_connection(self._target)
            self._open.append(server)
            back = threading.Thread(target=self._copy, args=(server, client), daemon=True)
            back.start()
            self._copy(client, server)
        except OSError:
            pass  # one of them went away

    def _http(self, client: socket.socket, stream: BinaryIO) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += stream.read(1)
        self.asked.append(head.split()[1].decode())  # the C of CONNECT was read before
        if self._refusal:
            client.sendall(f"HTTP/1.1 {self._refusal}\r\nContent-Length: 0\r\n\r\n".encode())
            return False
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        return True

    def _socks(self, client: socket.socket, stream: BinaryIO) -> bool:
        stream.read(stream.read(1)[0])  # ways to prove who one is
        client.sendall(b"\x05\x00")  # none is needed
        stream.read(3)
        kind = stream.read(1)[0]
        if kind == 3:
            host = stream.read(stream.read(1)[0]).decode()
        else:
            host = f"(an address of type {kind})"
            stream.read(4 if kind == 1 else 16)
        self.asked.append(f"{host}:{int.from_bytes(stream.read(2), 'big')}")
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        return True

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them went away
