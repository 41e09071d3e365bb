"""HTTP/1.1 with reason phrases of our own: ASGI has no place for them, and some clients show nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol


class PhrasingTransport(asyncio.Transport):
    """A connection on which the next response's status line may be given a phrase."""

    def __init__(self, transport: asyncio.Transport) -> None:
        super().__init__()
        self._transport = transport
        self._phrase: bytes | None = None

    def say(self, phrase: bytes) -> None:
        """The phrase of the response whose head is written next."""
        self._phrase = phrase

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send, with the phrase where one was given."""
        if self._phrase:
            head, _, rest = bytes(data).partition(b"\r\n")
            data = b" ".join([*head.split(b" ", 2)[:2], self._phrase]) + b"\r\n" + rest
            self._phrase = None
        self._transport.write(data)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Of the socket."""
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._transport.is_closing()

    def close(self) -> None:
        """Close, when all is sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def pause_reading(self) -> None:
        """Read nothing for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._transport.resume_reading()


class PhrasingProtocol(HttpToolsProtocol):
    """One connection; the app finds ``say_phrase`` and ``hang_up`` in the state of each request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin."""
        phrasing = PhrasingTransport(transport)
        self.app_state = {**self.app_state, "say_phrase": phrasing.say, "hang_up": phrasing.abort}
        super().connection_made(phrasing)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - as it is called
        """Answer what is no HTTP, and close."""
        content = orjson.dumps({"code": 400, "error": "request: it is not valid HTTP"})
        head = STATUS_LINE[400] + b"content-type: application/json\r\nconnection: close\r\n"
        self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (head, len(content), content))
        self.transport.close()
