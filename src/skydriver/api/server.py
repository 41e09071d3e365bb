"""The HTTP server in this process."""

from __future__ import annotations

import logging
import resource
import signal
import socket
import threading
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Final

import uvicorn
from starlette.concurrency import run_in_threadpool

from skydriver.api.connections import BoundedProtocol
from skydriver.api.gate import is_loopback
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType

    from fastapi import FastAPI

    from skydriver.api.worker_door import WorkerDoor

GRACE_S: Final = 10
"""Requests that are under way when the service is to end have so long."""
BACKLOG: Final = 1024
MANY_FILES: Final = 65_536
REFRESH_TICKS: Final = 36_000
"""Once in an hour it is looked at whether the certificate for workers is another."""
ENDING: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end it in order: Ctrl-C, a wish, and the end of the terminal that it was started from."""


class Server(uvicorn.Server):
    """Serves an app until SIGINT, SIGTERM, SIGHUP, or `stop`; then `run` returns, when all background work has ended.

    Parameters
    ----------
    app
        What `skydriver.api.app.build_app` made.
    host, port
        Where to listen; port 0 takes a free one. It listens from the beginning: whoever connects early waits.
    on_ready
        Called with the address, once requests are answered.
    door
        The workers' own address, if there is one; it is closed at the end.

    Raises
    ------
    SettingError
        If the host is not of this machine alone, or the address cannot be taken.
    """

    def __init__(
        self, app: FastAPI, host: str, port: int, on_ready: Callable[[str], None], door: WorkerDoor | None = None
    ) -> None:
        self._socket = listen(host, port)
        self._door = door
        super().__init__(
            uvicorn.Config(
                app,
                http=BoundedProtocol,
                loop="uvloop",
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # what a client does wrong, it is told
        self._app = app
        self._on_ready = on_ready

    @property
    def url(self) -> str:
        """The address."""
        host, port = self._socket.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def serve_until_stopped(self) -> None:
        """Serve."""
        allow_many_files()
        with self._socket, nullcontext() if self._door is None else closing(self._door):
            self.run(sockets=[self._socket])

    def stop(self) -> None:
        """End, from any thread: requests under way are finished, and those that wait for work are answered."""
        self.should_exit = True
        self._app.state.is_ending = True
        self._app.state.service.work.ring()  # listeners hear of it, too

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve."""
        await super().startup(sockets)
        if self._door is not None:
            self.servers.append(await self._door.open(self._app, self.server_state, self.lifespan.state))
        if not self.should_exit:
            self._on_ready(self.url)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: whether to end."""
        if self._door is not None and counter % REFRESH_TICKS == REFRESH_TICKS - 1:
            await run_in_threadpool(self._door.refresh)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End because of a signal; a second SIGINT does not wait for requests."""
        super().handle_exit(sig, frame)
        self.stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals for a wish to end; unlike in the class before they are not raised again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # A SIGHUP that is ignored already, as nohup has it, stays so.
        numbers = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve(app: FastAPI, host: str, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve an app until SIGINT or SIGTERM (see `Server`)."""
    Server(app, host, port, on_ready).serve_until_stopped()


def allow_many_files() -> None:
    """Take as many open files as the system allows without asking: each connection and worker takes some."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MANY_FILES if hard == resource.RLIM_INFINITY else min(hard, MANY_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, on this machine alone."""
    if not is_loopback(f"[{host}]" if ":" in host else host):
        raise SettingError("host", f"{host} can be reached from other machines, and no issuer of tokens is configured")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        problem = (error.strerror or str(error)).partition(" (while")[0]  # where it says the address once more
        raise SettingError("port", f"{host}:{port} cannot be listened on: {problem}") from error
