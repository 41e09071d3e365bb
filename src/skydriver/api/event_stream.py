"""An answer without end: events, as they come, until there are no more or the listener is gone."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.types import Receive, Scope, Send

    from skydriver.services.push.listeners import Listener

EVENT_STREAM: Final = "text/event-stream"
STALLED_S: Final = 30.0
"""Who takes nothing for so long is hung up on, s."""
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class EventStream(Response):
    """Events for one listener."""

    media_type = EVENT_STREAM

    def __init__(self, texts: AsyncGenerator[bytes], listener: Listener) -> None:
        super().__init__(headers=HEADERS)
        del self.headers["content-length"]
        self._texts = texts
        self._listener = listener

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        gone = asyncio.create_task(self._await_end(receive))
        try:
            async with aclosing(self._texts):
                if not scope.get("is_head"):
                    await self._pour(send)
            await send({"type": "http.response.body", "body": b""})
        except TimeoutError:
            hang_up = scope.get("state", {}).get("hang_up")
            if hang_up is not None:
                hang_up()
                await asyncio.wait({gone}, timeout=1.0)  # until the server knows, which else misses the end
        finally:
            gone.cancel()

    async def _pour(self, send: Send) -> None:
        async for text in self._texts:
            async with asyncio.timeout(STALLED_S):
                await send({"type": "http.response.body", "body": text, "more_body": True})

    async def _await_end(self, receive: Receive) -> None:
        """Tell the listener's end, whenever it is."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._listener.leave()
