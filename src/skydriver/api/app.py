"""The app, made of one service."""

from __future__ import annotations

from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

import skydriver
from skydriver.api import (
    actions,
    errors,
    ewms,
    meta,
    operators,
    products,
    push,
    scanners,
    scans,
    search,
    users,
    workers,
)
from skydriver.api.gate import Gate
from skydriver.api.openapi import describe
from skydriver.services.push.listeners import Listeners

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from skydriver.services.context import Service

ROUTERS: Final = (
    *(users.routes, scanners.routes),  # those of 2023 go first: a scan may be called status
    *(search.routes, scans.routes, actions.routes, ewms.routes, products.routes),
    *(push.routes, operators.routes, workers.routes, meta.routes),
)


def build_app(service: Service, *, background: Sequence[Callable[[], AbstractContextManager[object]]] = ()) -> FastAPI:
    """The app.

    Parameters
    ----------
    service
        What the routes work on.
    background
        What else runs while the app does: each is entered at the start and left, in the opposite order, at the end.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(run_in_threadpool, service.drawer.close)
            for make in background:
                context = make()
                await run_in_threadpool(context.__enter__)
                stack.push_async_callback(run_in_threadpool, context.__exit__, None, None, None)
            yield

    app = FastAPI(
        title="SkyDriver",
        version=skydriver.__version__,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.is_ending = False
    app.state.listeners = Listeners(service, lambda: bool(app.state.is_ending))
    app.state.routes = [route for router in ROUTERS for route in router.routes]
    for router in ROUTERS:
        app.include_router(router)
    app.add_middleware(Gate)
    errors.install(app)
    describe(app)
    return app
