"""A server of the API in a thread of the tests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from skydriver.api.app import build_app
from skydriver.api.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.api.worker_door import WorkerDoor
    from skydriver.services.context import Service

LIMIT_S = 30


@contextmanager
def serving(service: Service, door: WorkerDoor | None = None, **options: object) -> Iterator[Server]:
    """A server on a free port, answering; with the workers' own address where there is a door."""
    is_ready = threading.Event()
    server = Server(build_app(service, **options), "127.0.0.1", 0, lambda _url: is_ready.set(), door)
    thread = threading.Thread(target=server.serve_until_stopped)
    thread.start()
    try:
        assert is_ready.wait(LIMIT_S)
        yield server
    finally:
        server.stop()
        thread.join(LIMIT_S)
    assert not thread.is_alive()
