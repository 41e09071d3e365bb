"""An address that leads to whichever of several others answers, as a load balancer's does."""

from __future__ import annotations

import selectors
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BYTES = 65_536


@contextmanager
def relay(port: int, targets: Sequence[int]) -> Iterator[None]:
    """Serve at a port of the loopback interface; each connection leads to the first of `targets` that takes it."""
    listening = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=_accept, args=(listening, targets), daemon=True)
    thread.start()
    try:
        yield
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def _accept(listening: socket.socket, targets: Sequence[int]) -> None:
    with suppress(OSError):
        while True:
            near, _ = listening.accept()
            threading.Thread(target=_pass, args=(near, targets), daemon=True).start()


def _pass(near: socket.socket, targets: Sequence[int]) -> None:
    with near, suppress(OSError), _first(targets) as far, selectors.DefaultSelector() as both:
        both.register(near, selectors.EVENT_READ, far)
        both.register(far, selectors.EVENT_READ, near)
        while True:
            for key, _ in both.select():
                data = key.fileobj.recv(BYTES)
                if not data:
                    return
                key.data.sendall(data)


def _first(targets: Sequence[int]) -> socket.socket:
    for port in targets:
        with suppress(OSError):
            return socket.create_connection(("127.0.0.1", port), timeout=30)
    raise ConnectionRefusedError
