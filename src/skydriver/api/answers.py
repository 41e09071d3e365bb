"""What is sent: documents that are bytes already, and errors, whose sentence the status line carries too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
from starlette.responses import Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from http import HTTPStatus

    from starlette.types import Receive, Scope, Send

JSON: Final = "application/json"
MAX_PHRASE: Final = 200
"""Letters of a reason phrase."""


def json_answer(document: bytes) -> Response:
    """A document."""
    return Response(document, media_type=JSON)


def streamed_answer(document: bytes | Iterator[bytes]) -> Response:
    """A document, whole or in pieces, each made when the one before was sent: an error then breaks the connection."""
    return json_answer(document) if isinstance(document, bytes) else StreamingResponse(document, media_type=JSON)


class ErrorAnswer(Response):
    """An error; on our own server the status line says its sentence, which is all that some clients show."""

    def __init__(
        self, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None, facts: Mapping[str, object]
    ) -> None:
        content = orjson.dumps({**facts, "code": status.value, "error": sentence.encode(errors="replace").decode()})
        super().__init__(content, status, headers, JSON)
        self._phrase = phrase_of(sentence)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        say = scope.get("state", {}).get("say_phrase")
        if say is not None:
            say(self._phrase)
        await super().__call__(scope, receive, send)


def error_answer(
    status: HTTPStatus,
    sentence: str,
    headers: Mapping[str, str] | None = None,
    facts: Mapping[str, object] | None = None,
) -> Response:
    """An error as ``{"code", "error"}``, with more facts where there are any."""
    return ErrorAnswer(status, sentence, headers, facts or {})


def phrase_of(sentence: str) -> bytes:
    """A sentence as a reason phrase: one line of printable ASCII, cut to a length that clients take."""
    line = " ".join(sentence.split())
    return "".join(letter for letter in line if letter.isascii() and letter.isprintable())[:MAX_PHRASE].encode()
