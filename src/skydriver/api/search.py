"""Routes that find scans, and list those that wait for their turn."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from skydriver.api import search_examples
from skydriver.api.answers import json_answer, streamed_answer
from skydriver.api.bodies import SmallBody, json_object
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services import waiting
from skydriver.services.search.find import find

routes = APIRouter(tags=["Scans"])


@routes.post(
    "/scans/find",
    summary="Find scans by what their manifests say",
    responses=answers(search_examples.FOUND, 400, 401, 403, 413, 503),
    openapi_extra=takes(search_examples.FIND, search_examples.FIND_SCHEMA),
)
def find_scans(asking: Asking, body: SmallBody) -> Response:
    service = asking.as_user()
    return streamed_answer(find(service, json_object(body)))


@routes.get(
    "/scans/backlog",
    summary="List the scans that wait for their turn, in the order in which they are launched",
    responses=answers(search_examples.BACKLOG, 401, 403, 503),
)
def get_backlog(asking: Asking) -> Response:
    return json_answer(waiting.backlog(asking.as_user()))
