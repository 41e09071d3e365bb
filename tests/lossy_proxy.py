"""A way to a service on which answers get lost: the service did what it was asked for, and nobody hears of it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S = 60


class Answered(NamedTuple):
    """A request that reached the service, and its answer."""

    method: str
    status: int
    content: bytes


class LossyProxy(ThreadingHTTPServer):
    """Passes requests on to `address`, and loses the answers to the next `n_lost`."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.service = httpx.Client(base_url=address, trust_env=False, timeout=LIMIT_S)
        self.answered: list[Answered] = []
        self.n_lost = 0

    @property
    def url(self) -> str:
        """Its own address."""
        return f"http://127.0.0.1:{self.server_port}"


class _Passing(BaseHTTPRequestHandler):
    server: LossyProxy

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kept = {name: self.headers[name] for name in ("Authorization", "Idempotency-Key") if name in self.headers}
        answer = self.server.service.request(self.command, self.path, content=body, headers=kept)
        self.server.answered.append(Answered(self.command, answer.status_code, answer.content))
        if self.server.n_lost:
            self.server.n_lost -= 1
            self.close_connection = True
            return
        self.send_response(answer.status_code, answer.reason_phrase)
        self.send_header("Content-Length", str(len(answer.content)))
        if "location" in answer.headers:
            self.send_header("Location", answer.headers["location"])
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - as its base calls them

    def log_message(self, *_arguments: object) -> None:
        """Nothing is to be printed."""


@contextmanager
def lossy_proxy(address: str) -> Iterator[LossyProxy]:
    """A proxy that serves."""
    with LossyProxy(address) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join(LIMIT_S)
            proxy.service.close()
