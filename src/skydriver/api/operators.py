"""Routes for operators and their programs: whether the service is well, and numbers of what it does."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import error_answer, json_answer
from skydriver.api.bodies import SmallBody, json_object
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services.by_hand import starter_token
from skydriver.services.operators.exposition import TEXT, exposition
from skydriver.services.operators.health import health

routes = APIRouter(tags=["Operators"])

PLAIN: Final = TEXT.partition(";")[0]


@routes.get("/health", summary="Say whether the service is well", responses=answers(examples.HEALTH, 503))
def get_health(request: Request) -> Response:
    found = health(request.app.state.service)
    if found.problem is not None:
        return error_answer(HTTPStatus.SERVICE_UNAVAILABLE, found.problem, facts=found.facts)
    return json_answer(orjson.dumps(found.facts))


@routes.get(
    "/metrics",
    summary="Tell numbers of what the service does, in the format of Prometheus",
    responses=answers(examples.METRICS, 401, 403, 503, media_type=PLAIN),
)
def metrics(request: Request, asking: Asking) -> Response:
    state: Any = request.app.state
    return Response(exposition(asking.as_user(), state.listeners.count), media_type=TEXT)


@routes.post(
    "/tokens",
    summary="Get a token with which workers may be started by hand",
    responses=answers(examples.STARTER, 400, 401, 403, 409, 413, 503),
    openapi_extra=takes(examples.FOR_STARTER, schemas.FOR_STARTER, required=False),
)
def post_token(asking: Asking, body: SmallBody) -> Response:
    return json_answer(starter_token(asking.as_user(), json_object(body)))
