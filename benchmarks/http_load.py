"""Load for an HTTP server from a process of its own that costs little: raw sockets, kept alive, a few at once."""

from __future__ import annotations

import json
import multiprocessing
import re
import selectors
import socket
import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_FORK = multiprocessing.get_context("fork")
CHUNK = 1 << 20


@dataclass(frozen=True)
class Load:
    """What became of it."""

    answers: list[tuple[int, int]]
    """(status, bytes of the body) of each."""
    seconds: float
    cpu_seconds: float
    """Of the process that made the load."""

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.answers) / self.seconds

    @property
    def generator_share(self) -> float:
        """How much of one core the load itself took."""
        return self.cpu_seconds / self.seconds


def get(path: str) -> bytes:
    """A request."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: bytes, token: str | None = None) -> bytes:
    """A request with a body."""
    bearer = "" if token is None else f"Authorization: Bearer {token}\r\n"
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{bearer}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Connection:
    """One connection, for one request after the other."""

    def __init__(self, url: str) -> None:
        host, _, port = url.removeprefix("http://").rpartition(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._got = bytearray()
        self._start = self._length = -1

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send, and wait for the status and the body."""
        self.socket.sendall(request)
        while not self.take_in():
            pass
        return self.answer()

    def told(self, request: bytes) -> dict:
        """The JSON that answers a request."""
        status, body = self.ask(request)
        if status != 200:
            raise RuntimeError(f"{status}: {body[:300]!r}")
        return json.loads(body)

    def take_in(self) -> bool:
        """Read what is there; whether the answer is complete."""
        part = self.socket.recv(CHUNK)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._got += part
        if self._start < 0 and (end := self._got.find(b"\r\n\r\n")) >= 0:
            self._start = end + 4
            self._length = int(_LENGTH.search(self._got, 0, end)[1])
        return self._start >= 0 and len(self._got) >= self._start + self._length

    def answer(self) -> tuple[int, bytes]:
        """The answer that is complete."""
        status, body = int(self._got[9:12]), bytes(self._got[self._start :])
        self._got.clear()
        self._start = self._length = -1
        return status, body


def ask(url: str, request: bytes) -> dict:
    """The JSON that answers one request."""
    connection = Connection(url)
    with connection.socket:
        return connection.told(request)


def load(url: str, requests: Iterable[bytes], connections: int, seconds: float = 600.0) -> Load:
    """Send requests, `connections` at once, until there are no more or the time is over."""
    return in_own_process(lambda: _load(url, iter(requests), connections, seconds))


def in_own_process(work: Callable[[], object]) -> object:
    """What a forked process makes."""
    mine, its = _FORK.Pipe()
    process = _FORK.Process(target=lambda: its.send(work()))
    process.start()
    its.close()
    made = mine.recv()
    process.join()
    return made


def _load(url: str, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    answers = []
    with selectors.DefaultSelector() as ready:
        start, cpu = time.perf_counter(), time.process_time()
        for request in islice(requests, connections):
            connection = Connection(url)
            connection.socket.sendall(request)
            ready.register(connection.socket, selectors.EVENT_READ, connection)
        while ready.get_map():
            for key, _ in ready.select():
                connection = key.data
                if not connection.take_in():
                    continue
                status, body = connection.answer()
                answers.append((status, len(body)))
                following = next(requests, None) if time.perf_counter() - start < seconds else None
                if following is None:
                    ready.unregister(connection.socket)
                    connection.socket.close()
                else:
                    connection.socket.sendall(following)
        return Load(answers, time.perf_counter() - start, time.process_time() - cpu)
