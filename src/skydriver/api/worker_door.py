"""The workers' own address: TLS, in the same process and loop, and nothing but their routes.

It is reached from other machines, unlike the main address: here nothing goes without a token.
"""

from __future__ import annotations

import asyncio
import socket
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from skydriver.api.answers import error_answer
from skydriver.api.connections import BoundedProtocol
from skydriver.api.gate import FOR_WORKERS
from skydriver.api.phrases import PhrasingTransport
from skydriver.api.workers import routes
from skydriver.errors import SettingError
from skydriver.log import get_logger
from skydriver.services.worker_access import BIND

if TYPE_CHECKING:
    import re

    from starlette.types import ASGIApp, Receive, Scope, Send
    from uvicorn.server import ServerState

    from skydriver.services.context import Service
    from skydriver.services.operators.metrics import Metrics
    from skydriver.services.worker_access import Place
    from skydriver.services.worker_tls import WorkerTls

HANDSHAKE_S: Final = 10.0
"""Who has not said how to speak within so long is hung up on, s."""
KEPT_ALIVE_S: Final = 75
"""A connection on which nothing is asked stays open for so long, s: beginning TLS costs more than keeping it."""
FAREWELL_S: Final = 2.0
"""The end of TLS on a connection is waited for so long, s."""
MOST_CONNECTIONS: Final = 20_000
"""More are hung up on: others of this process need files, too."""
BACKLOG: Final = 1024

log = get_logger()


class WorkerDoor:
    """Listens from the beginning: whoever connects early waits.

    Parameters
    ----------
    service
        Whose workers come here; it is told the address once requests are answered.
    tls
        What is shown to them.

    Raises
    ------
    SettingError
        If the address cannot be listened on, or a file of the certificate cannot be used.
    """

    def __init__(self, service: Service, tls: WorkerTls) -> None:
        self._service = service
        self._tls = tls
        self._shown = tls.open()
        self._socket = _listen(tls.place)
        self.address = tls.address(self._shown, self._socket.getsockname()[1])

    async def open(self, app: ASGIApp, state: ServerState, app_state: dict[str, Any]) -> asyncio.Server:
        """Let workers in; the server's own end ends this too."""
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            Doorway(app),
            http=BoundedProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEPT_ALIVE_S,
        )
        config.load()

        def made() -> asyncio.Protocol:
            metrics = self._service.metrics
            return DoorProtocol(metrics, config=config, server_state=state, app_state=app_state, _loop=loop)

        server = await loop.create_server(
            made,
            sock=self._socket,
            backlog=BACKLOG,
            ssl=self._shown.context,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=FAREWELL_S,
        )
        self._service.worker_access.address = self.address
        return server

    def refresh(self) -> None:
        """Show another certificate where there is one by now; where it cannot be used, that is logged."""
        try:
            if self._tls.refresh(self._shown.context):
                log.info("worker_certificate_changed")
        except SettingError as error:
            log.warning("worker_certificate_kept", problem=str(error))

    def close(self) -> None:
        """Listen no more."""
        self._service.worker_access.address = None
        self._socket.close()


class Doorway:
    """Lets nothing but the routes of workers through, and tells nothing of others."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._paths: list[re.Pattern[str]] = [route.path_regex for route in routes.routes]  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or say that there is nothing."""
        if any(path.match(scope["path"]) for path in self._paths):
            await self._app({**scope, FOR_WORKERS: True}, receive, send)
        else:
            await error_answer(HTTPStatus.NOT_FOUND, "there is nothing here")(scope, receive, send)


class DoorProtocol(BoundedProtocol):
    """One connection, counted."""

    def __init__(self, metrics: Metrics, **named: Any) -> None:
        super().__init__(**named)
        self._metrics = metrics

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, unless there are too many."""
        self._metrics.worker_connections.inc()
        super().connection_made(_CountedTransport(transport, self._metrics))
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._metrics.worker_connections.dec()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        self._metrics.received.inc(len(data))
        super().data_received(data)


class _CountedTransport(PhrasingTransport):
    def __init__(self, transport: asyncio.Transport, metrics: Metrics) -> None:
        super().__init__(transport)
        self._sent = metrics.sent

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, and count."""
        self._sent.inc(len(data))
        super().write(data)


def _listen(place: Place) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except OSError as error:
        problem = (error.strerror or str(error)).partition(" (while")[0]  # where it says the address once more
        raise SettingError(BIND, f"{place.host}:{place.port} cannot be listened on: {problem}") from error
