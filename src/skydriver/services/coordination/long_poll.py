"""A worker that waits for work."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from anyio.to_thread import run_sync

from skydriver.services.coordination.leases import lease

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from skydriver.services.context import Service
    from skydriver.services.coordination.wire import Lease, LeaseRequest, Over

LOOK_AGAIN_S = 1.0
"""Another service may have stored work, and rings only for itself."""


async def await_lease(
    service: Service, asked: LeaseRequest, is_over: Callable[[], Awaitable[bool]]
) -> Lease | Over | None:
    """A worker's next task, as soon as there is one; None when it has waited as long as it wants to.

    Parameters
    ----------
    service, asked
        Who asks, with the report of the task before.
    is_over
        Whether the service ends or the worker went away meanwhile: what nobody waits for is given to nobody.
    """
    loop = asyncio.get_running_loop()
    ends, report, rung = loop.time() + asked.wait_s, asked.report, asyncio.Event()
    with service.work.heard_by(lambda: loop.call_soon_threadsafe(rung.set)):
        while True:
            rung.clear()
            found = await run_sync(lease, service, asked.worker, report)
            left = ends - loop.time()
            if found is not None or left <= 0:
                return found
            report = None
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(left, LOOK_AGAIN_S))
            if await is_over():
                return None
