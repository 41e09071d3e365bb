"""Routes for listeners: what becomes of one scan, or of all, as server-sent events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, NamedTuple

import orjson
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from skydriver.api import examples
from skydriver.api.arguments import ScanId
from skydriver.api.callers import Asking
from skydriver.api.event_stream import EVENT_STREAM, EventStream
from skydriver.api.openapi import answers
from skydriver.services import scan_status
from skydriver.services.operators.levels import levels
from skydriver.services.push.listeners import Listener, Listeners
from skydriver.services.push.starts import begin

if TYPE_CHECKING:
    from collections.abc import Callable

routes = APIRouter(tags=["Events"])

OVER: Final[dict[int | str, dict[str, Any]]] = {204: {"description": "The scan has ended, and all of it was told."}}


class Since(NamedTuple):
    """From where on a listener wants to be told."""

    last_event_id: str | None
    from_start: bool


def _since(
    header: Annotated[
        str | None, Header(alias="Last-Event-ID", description="Of the event that was told last; browsers send it.")
    ] = None,
    last_event_id: Annotated[str | None, Query(description="The same, for programs without such headers.")] = None,
    start: Annotated[
        Literal["start"] | None, Query(alias="from", description="All that is kept, where no id is given.")
    ] = None,
) -> Since:
    return Since(header or last_event_id or None, start is not None)


Resuming = Annotated[Since, Depends(_since)]


@routes.get(
    "/scan/{scan_id}/events",
    summary="Hear what becomes of a scan",
    responses=answers(examples.EVENTS, 400, 401, 403, 404, 503, media_type=EVENT_STREAM) | OVER,
)
def scan_events(request: Request, asking: Asking, scan_id: ScanId, since: Resuming) -> Response:
    service = asking.as_user(scan_id)
    return _events(request, scan_id, since, lambda: scan_status.status(service, scan_id))


@routes.get(
    "/events",
    summary="Hear what becomes of all scans",
    responses=answers(examples.EVENTS, 400, 401, 403, 503, media_type=EVENT_STREAM),
)
def events(request: Request, asking: Asking, since: Resuming) -> Response:
    service = asking.as_user()
    return _events(request, None, since, lambda: orjson.dumps({"scans": levels(service).scans}))


def _events(request: Request, scan: str | None, since: Since, snapshot: Callable[[], bytes]) -> Response:
    listeners: Listeners = request.app.state.listeners
    listeners.check_room()
    start = begin(request.app.state.service, scan, since.last_event_id, snapshot, from_start=since.from_start)
    if start.is_told_all:
        return Response(status_code=204)
    listener = Listener()
    return EventStream(listeners.told(scan, start, listener), listener)
