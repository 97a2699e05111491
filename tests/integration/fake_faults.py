# SPDX-License-Identifier: GPL-2.0-or-later
"""What can be wrong with an API server's answer.

A fault is put in front of the next request of a kind (FakeApiServer.fail_next). It answers the
request itself, or changes how the right answer is sent. An action is what happens in the middle
of an answer, after so many bytes of its body (`after`).
"""

import socket
import struct
import threading
from typing import Any, BinaryIO, Callable

Handler = Any  # fake_apiserver's: a request, and the means to answer it
Fault = Callable[[Handler], bool]  # True: the request is answered
Action = Callable[[Handler], None]

PATIENCE = 60.0  # seconds; no fault outlives its test by more


# ---- instead of the answer ----


def passing(_: Handler) -> bool:
    """No fault: this request is let through, the next fault is for another one."""
    return False


def status(code: int, message: str = "", **headers: str) -> Fault:
    """A Status object instead of the answer; headers as Retry_After="1"."""

    def act(handler: Handler) -> bool:
        handler.send_status(code, message, {k.replace("_", "-"): v for k, v in headers.items()})
        return True

    return act


def raw(body: bytes, content_type: str = "application/json") -> Fault:
    """These bytes, with status 200, then the end."""

    def act(handler: Handler) -> bool:
        handler.begin(content_type)
        handler.send_piece(body)
        handler.send_end()
        return True

    return act


def no_http(handler: Handler) -> bool:
    """Bytes that are not even HTTP."""
    handler.wfile.write(b"\x00\x01\xff not HTTP at all\r\n\r\n" * 10)
    hang_up(handler)
    return True


# ---- the answer, but late or otherwise ----


def stall(seconds: float) -> Fault:
    """Says nothing for so long (or until the server stops), then answers."""

    def act(handler: Handler) -> bool:
        handler.api.stopping.wait(seconds)
        return False

    return act


def held(until: threading.Event) -> Fault:
    """Says nothing until the test allows it, then answers."""

    def act(_: Handler) -> bool:
        until.wait(PATIENCE)
        return False

    return act


class _ByteByByte:
    """A stream that sends each byte on its own."""

    def __init__(self, stream: BinaryIO, most: int):
        self._stream = stream
        self._left = most

    def write(self, text: bytes) -> int:
        for byte in text[: self._left]:
            self._stream.write(bytes([byte]))
        self._stream.write(text[self._left :])
        self._left = max(0, self._left - len(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def slow_down(handler: Handler, most: int = 20_000) -> None:
    """From here on one byte at a time; an action, too."""
    handler.wfile = _ByteByByte(handler.wfile, most)


def trickle(most: int = 20_000) -> Fault:
    """The answer, headers too, in pieces of one byte (the first so many of them)."""

    def act(handler: Handler) -> bool:
        slow_down(handler, most)
        return False

    return act


def promise(length: int) -> Fault:
    """The answer under a Content-Length that is not its own."""

    def act(handler: Handler) -> bool:
        handler.promised = length
        return False

    return act


def after(count: int, action: Action) -> Fault:
    """The right answer, but this happens after so many bytes of its body."""

    def act(handler: Handler) -> bool:
        handler.plan = (count, action)
        return False

    return act


def between(count: int, action: Action) -> Fault:
    """The right answer, but this happens after so many events or items of it."""

    def act(handler: Handler) -> bool:
        handler.plan = (count, action)
        handler.plan_counts_items = True
        return False

    return act


def cut(count: int) -> Fault:
    """The right answer, but the connection breaks after so many bytes of its body."""
    return after(count, hang_up)


def at_once(action: Action) -> Fault:
    """The action, instead of an answer."""

    def act(handler: Handler) -> bool:
        action(handler)
        return True

    return act


# ---- in the middle of it ----


def hang_up(_: Handler) -> None:
    """The connection ends, in the order of TCP (FIN)."""
    raise ConnectionAbortedError("a fault")


def reset(handler: Handler) -> None:
    """The connection ends with a RST (socket(7), SO_LINGER)."""
    no_linger = struct.pack("ii", 1, 0)
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    socket.socket(fileno=handler.connection.detach()).close()
    raise ConnectionAbortedError("a fault")


def half_close(handler: Handler) -> None:
    """Nothing more is sent, but the server goes on listening until the client ends it."""
    handler.connection.settimeout(PATIENCE)
    plain = socket.socket(fileno=handler.connection.detach())
    with plain:
        plain.settimeout(PATIENCE)
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(4096):
            pass
    raise ConnectionAbortedError("a fault")


def pause(until: threading.Event) -> Action:
    """Silence until the test ends it."""

    def act(_: Handler) -> None:
        until.wait(PATIENCE)

    return act


def insert(text: bytes) -> Action:
    """These bytes between the right ones."""

    def act(handler: Handler) -> None:
        handler.send_chunk(text)

    return act


def wrong_chunk(handler: Handler) -> None:
    """A chunk that is shorter than it says, so that the next one's beginning belongs to it."""
    handler.wfile.write(b"40\r\n")


def error_event(code: int, message: str = "") -> Action:
    """An ERROR event, where the stream is between two events; then the end of the stream."""

    def act(handler: Handler) -> None:
        handler.send_error_event(code, message)
        handler.send_end()
        raise ConnectionAbortedError("a fault")

    return act
