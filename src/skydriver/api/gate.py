"""The gate before all routes: who may speak with a service that trusts everybody on its machine, and how HEAD works."""

from __future__ import annotations

import ipaddress
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers

from skydriver.api.answers import error_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

READING: Final = frozenset({"GET", "HEAD"})
FOR_WORKERS: Final = "skydriver.for_workers"
"""In the scope of what came by the workers' own address: nothing there goes without a token, whatever the host."""
_HOST: Final = re.compile(r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:]+))(:[0-9]*)?", re.ASCII)


class Gate:
    """Refuses what a web page elsewhere may make a browser on this machine do.

    While no issuer of tokens is configured, everybody on the machine is trusted, a browser among them. So the name that
    it was told to speak with must be one of this machine (else a name elsewhere could point here), and a page of
    another origin may not write.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        problem = None if scope.get(FOR_WORKERS) else refusal(scope["method"], Headers(scope=scope))
        if problem is not None:
            await error_answer(HTTPStatus.FORBIDDEN, problem)(scope, receive, send)
        elif scope["method"] == "HEAD":
            await self._app({**scope, "method": "GET", "is_head": True}, receive, _without_body(send))
        else:
            await self._app(scope, receive, send)


def refusal(method: str, headers: Headers) -> str | None:
    """Why a request is refused; None where it is not."""
    host = ", ".join(headers.getlist("host"))
    if not is_loopback(host):
        return f"Host: {host[:80]!r} is not a name of this machine alone, such as localhost or 127.0.0.1"
    origin = headers.get("origin")
    if method not in READING and origin is not None and origin.partition("://")[2] != host:
        return f"Origin: pages of {origin[:80]!r} may not write here"
    return None


def is_loopback(host: str) -> bool:
    """Whether a host, with or without a port, is this machine as only it can be reached from itself."""
    found = _HOST.fullmatch(host)
    if found is None:
        return False
    name = found["six"] or found["name"]
    if name.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _without_body(send: Send) -> Send:
    async def send_headers(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return send_headers
