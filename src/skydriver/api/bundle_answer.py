"""A bundle on its way to a job: a few at once, in pieces, and nobody keeps a place without taking anything."""

from __future__ import annotations

import asyncio
import random
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Final

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from skydriver.api.answers import error_answer

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from skydriver.clusters.base import Bundle
    from skydriver.services.context import Service

PIECE: Final = 262_144
"""Bytes that are read at once."""
STALLED_S: Final = 30.0
"""Who takes nothing for so long is hung up on, s."""
SLOWEST: Final = 100_000.0
"""Who takes less than this in the long run, bytes per second, keeps the others waiting, and is hung up on too."""
LATER_S: Final = (2, 15)
"""Others come again so much later, from and to, s: not all at once."""


class BundleAnswer(Response):
    """A file for one job.

    Parameters
    ----------
    service
        That offers it.
    path, bundle
        The file, and what it is known by.
    """

    media_type = "application/octet-stream"

    def __init__(self, service: Service, path: Path, bundle: Bundle) -> None:
        super().__init__(headers={"Content-Length": str(bundle.n_bytes), "ETag": f'"{bundle.sha256}"'})
        self._service = service
        self._path = path
        self._n_bytes = bundle.n_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, or say that too many fetch it now."""
        if scope.get("is_head"):
            await self._begin(send)
            await send({"type": "http.response.body", "body": b""})
            return
        with self._service.bundles.slot(self._service.settings.bundle_downloads) as is_free:
            if is_free:
                await self._send_counted(scope, receive, send)
                return
        self._service.metrics.downloaded("refused")
        await _busy()(scope, receive, send)

    async def _send_counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._service.metrics.downloaded("begun")
        is_whole = False
        gone = asyncio.create_task(_gone(receive))
        try:
            is_whole = await self._send_file(send, gone)
        except (TimeoutError, OSError):
            is_whole = False
        finally:
            self._service.metrics.downloaded("ended" if is_whole else "broken")
            if not is_whole and (hang_up := scope.get("state", {}).get("hang_up")) is not None:
                hang_up()
                await asyncio.wait({gone}, timeout=1.0)  # until the server knows, which else misses the end
            gone.cancel()

    async def _send_file(self, send: Send, gone: asyncio.Task[None]) -> bool:
        """Whether all of it was taken."""
        file = await run_in_threadpool(self._path.open, "rb")
        try:
            await self._begin(send)
            async with asyncio.timeout(STALLED_S + self._n_bytes / SLOWEST):
                return await self._pour(file, send, gone)
        finally:
            await run_in_threadpool(file.close)

    async def _pour(self, file: IO[bytes], send: Send, gone: asyncio.Task[None]) -> bool:
        left = self._n_bytes
        while left and not gone.done():
            piece = await run_in_threadpool(file.read, min(PIECE, left))
            if not piece:
                return False  # it was cut while it was read
            left -= len(piece)
            async with asyncio.timeout(STALLED_S):
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        return left == 0

    async def _begin(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})


def _busy() -> Response:
    seconds = random.randint(*LATER_S)  # noqa: S311 - no secret
    return error_answer(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "bundle: too many fetch it now; come again a little later",
        {"Retry-After": str(seconds)},
    )


async def _gone(receive: Receive) -> None:
    """Until the client is."""
    while (await receive())["type"] != "http.disconnect":
        pass
