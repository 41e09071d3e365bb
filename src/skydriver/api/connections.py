"""Connections with bounds: who sends no end of a head, or never the rest of a request, is told so and hung up on."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from skydriver.api.phrases import PhrasingProtocol

if TYPE_CHECKING:
    import asyncio

    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

MAX_HEAD: Final = 65_536
"""Bytes of a request line and headers; of what comes in one piece it may be more."""
HEAD_S: Final = 20.0
"""A head is to be there so long after it began, or after the connection was made, s."""
BODY_S: Final = 60.0
"""A body may pause for so long, s."""
LOOK_S: Final = 5.0


class BoundedProtocol(PhrasingProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._due: float | None = None
        """When more is to have come, by the loop's clock; None while it is our turn."""
        self._head: int | None = None
        """Bytes of a head that has begun."""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        super().connection_made(transport)
        self._await_more(HEAD_S)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came."""
        super().data_received(data)
        if self._head is not None:
            self._head += len(data)
            if self._head > MAX_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"headers: more than {MAX_HEAD} bytes")

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._head = 0
        self._await_more(HEAD_S)

    def on_headers_complete(self) -> None:
        """Its head is there."""
        self._head = None
        self._await_more(BODY_S)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body came."""
        self._await_more(BODY_S)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._due = None
        super().on_message_complete()

    def _await_more(self, seconds: float) -> None:
        self._due = self.loop.time() + seconds

    def _look(self) -> None:
        """Hang up if nothing came in time; else look again later."""
        if self._due is not None and self.loop.time() > self._due:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request: the rest of it did not come in time")
        elif not self.transport.is_closing():
            self._timer = self.loop.call_later(LOOK_S, self._look)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        if not self.transport.is_closing() and self._may_answer():
            content = orjson.dumps({"code": status.value, "error": sentence})
            head = STATUS_LINE[status.value] + b"content-type: application/json\r\nconnection: close\r\n"
            self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(content), content))
        self.transport.close()

    def _may_answer(self) -> bool:
        """Whether no answer to this request, or to one before it, is under way."""
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete:
            return True
        return self._head is None and not cycle.response_started
