# SPDX-License-Identifier: GPL-2.0-or-later
"""Many HTTP clients at once, slow and fast: a program, to be run where the daemon listens.

    http_crowd.py PORT SOCKET SLOW FAST

The slow ones send half a request, or a whole one whose answer they never read, over TCP and over
the status socket, and come again when they are sent away. The fast ones ask, read and come again.
Prints what they met, a line of JSON about twice a second, until SIGTERM.
"""

import asyncio
import json
import signal
import socket
import sys
from dataclasses import asdict, dataclass, field

PAGES = ("/healthz", "/readyz", "/metrics")


@dataclass
class Met:
    """Whom the clients met with what, so far."""

    answers: int = 0  # to fast clients, whole and well
    broken: int = 0  # fast clients that were sent away before
    sent_away: int = 0  # slow clients
    waiting: int = 0  # slow clients that are connected now
    answered: set[int] = field(default_factory=set)  # fast clients that had an answer


class Crowd:
    def __init__(self, port: int, path: str):
        self.port = port
        self.path = path
        self.met = Met()

    async def connect(self, local: bool) -> socket.socket:
        made = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        made.setblocking(False)
        if not local:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        where = self.path if local else ("127.0.0.1", self.port)
        await asyncio.get_running_loop().sock_connect(made, where)
        return made

    async def be_slow(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        local = number % 8 == 0
        page = "/status" if local else "/metrics"
        text = f"GET {page} HTTP/1.1\r\nHost: x\r\n" + ("\r\n" if number % 2 == 0 else "X-Slow: ")
        while True:
            try:
                made = await self.connect(local)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            self.met.waiting += 1
            try:
                await loop.sock_sendall(made, text.encode())
                if number % 2 == 0:
                    await self.wait_for_end(made)
                else:
                    await loop.sock_recv(made, 1)
            except OSError:
                pass
            finally:
                made.close()
                self.met.waiting -= 1
                self.met.sent_away += 1
            await asyncio.sleep(0.5)

    async def wait_for_end(self, made: socket.socket) -> None:
        """Without reading: the kernel tells of a reset alone."""
        while made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
            try:
                made.send(b"")
                if made.recv(1, socket.MSG_PEEK) == b"":
                    return
            except BlockingIOError:
                pass
            await asyncio.sleep(0.5)
            if self.is_ended(made):
                return

    @staticmethod
    def is_ended(made: socket.socket) -> bool:
        if made.family == socket.AF_UNIX:
            return False
        state = made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        return state != 1  # TCP_ESTABLISHED

    async def be_fast(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        while True:
            page = PAGES[number % len(PAGES)]
            answer = b""
            made = socket.socket()
            made.setblocking(False)
            try:
                # In one go, however busy this program is: on loopback the connection stands at once.
                made.connect_ex(("127.0.0.1", self.port))
                await loop.sock_sendall(made, f"GET {page} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                while piece := await loop.sock_recv(made, 65536):
                    answer += piece
            except OSError:
                pass
            finally:
                made.close()
            if answer.startswith(b"HTTP/1.1 200 ") and answer.endswith(b"\n"):
                self.met.answers += 1
                self.met.answered.add(number)
            else:
                self.met.broken += 1
            await asyncio.sleep(0.5)

    async def run(self, slow: int, fast: int) -> None:
        ends = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ends.set)
        tasks = [asyncio.create_task(self.be_slow(number)) for number in range(slow)]
        tasks += [asyncio.create_task(self.be_fast(number)) for number in range(fast)]
        while not ends.is_set():
            report = asdict(self.met) | {"answered": len(self.met.answered)}
            print(json.dumps(report), flush=True)
            try:
                await asyncio.wait_for(ends.wait(), 0.5)
            except asyncio.TimeoutError:
                pass
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    port, path, slow, fast = sys.argv[1:]
    asyncio.run(Crowd(int(port), path).run(int(slow), int(fast)))


if __name__ == "__main__":
    main()
