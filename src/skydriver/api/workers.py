"""Routes for workers (CONTRACT section 9). A token, also renewed, speaks for the workers that registered with it."""

from __future__ import annotations

from typing import Annotated, TypeVar

import orjson
from fastapi import APIRouter, Path
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skydriver.api import examples
from skydriver.api.answers import json_answer
from skydriver.api.bodies import SmallBody, read_model
from skydriver.api.bundle_answer import BundleAnswer
from skydriver.api.callers import Asking, Caller
from skydriver.api.openapi import answers, takes
from skydriver.errors import DeniedError
from skydriver.services.coordination import leases, long_poll, wire, workers

routes = APIRouter(prefix="/workers", tags=["Workers"])

NO_TASK = b'{"task":null}'
Said = TypeVar("Said", wire.LeaseRequest, wire.TaskReport, wire.Heartbeat, wire.LogLines)
EventHash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="As a task names its event.")]

BundleHash = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="The sha256 of the file.")]


@routes.post(
    "/register",
    summary="Register a worker process",
    responses=answers(examples.REGISTERED, 400, 401, 403, 413, 426, 503),
    openapi_extra=takes(examples.REGISTER, wire.Registration),
)
def register(asking: Asking, body: SmallBody) -> Response:
    token, said = asking.as_worker(), read_model(wire.Registration, body)
    if said.pool != token.scope:
        raise DeniedError(f"pool: this token is for the pool {token.scope}", known=True)
    registered = workers.register(asking.service, token.hash, said)
    return json_answer(orjson.dumps(registered._asdict()))


@routes.post(
    "/lease",
    summary="Ask for a task, and report the one before",
    responses=answers(examples.TASK, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.LEASE, wire.LeaseRequest),
)
async def lease(request: Request, asking: Asking, body: SmallBody) -> Response:
    said = await run_in_threadpool(_checked, asking, wire.LeaseRequest, body)

    async def is_over() -> bool:
        return bool(request.app.state.is_ending) or await request.is_disconnected()

    found = await long_poll.await_lease(asking.service, said, is_over)
    return json_answer(NO_TASK if found is None else found.to_json())


@routes.post(
    "/report",
    summary="Report a task without asking for another",
    responses=answers({"accepted": 1}, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.REPORT, wire.TaskReport),
)
def report(asking: Asking, body: SmallBody) -> Response:
    said = _checked(asking, wire.TaskReport, body)
    return json_answer(orjson.dumps({"accepted": leases.report(asking.service, said.worker, said)}))


@routes.post(
    "/return",
    summary="Give a task back, with what is done of it",
    responses=answers({}, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.REPORT, wire.TaskReport),
)
def give_back(asking: Asking, body: SmallBody) -> Response:
    said = _checked(asking, wire.TaskReport, body)
    leases.give_back(asking.service, said.worker, said)
    return json_answer(b"{}")


@routes.post(
    "/heartbeat",
    summary="Say that a worker lives, and hear whether to go on",
    responses=answers({"answer": "continue"}, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.HEARTBEAT, wire.Heartbeat),
)
def heartbeat(asking: Asking, body: SmallBody) -> Response:
    said = _checked(asking, wire.Heartbeat, body)
    return json_answer(orjson.dumps({"answer": workers.heartbeat(asking.service, said.worker, said.task)}))


@routes.post(
    "/log",
    summary="Keep lines in the log of a scan",
    responses=answers({}, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.LOG, wire.LogLines),
)
def log(asking: Asking, body: SmallBody) -> Response:
    said = _checked(asking, wire.LogLines, body)
    workers.log_lines(asking.service, said.worker, said.scan, said.lines)
    return json_answer(b"{}")


@routes.post(
    "/token",
    summary="Take a new token in place of one that is about to expire, or for a starter token",
    responses=answers(examples.NEW_TOKEN, 401, 403, 413, 503),
    openapi_extra=takes({}, {"type": "object"}),
)
def token(asking: Asking) -> Response:
    return json_answer(orjson.dumps(asking.renewed()))


@routes.get(
    "/event/{event_hash}",
    summary="Retrieve the pulses to fit",
    responses=answers(None, 401, 403, 404, 503, media_type="application/octet-stream"),
)
def event(asking: Asking, event_hash: EventHash) -> Response:
    asking.as_worker()
    pulses = workers.prepared_event(asking.service, event_hash)
    return Response(pulses, media_type="application/octet-stream")


@routes.get(
    "/bundle/{sha256}",
    summary="Retrieve the environment in which a job's worker runs",
    responses=answers(None, 401, 403, 404, 503, media_type="application/octet-stream"),
)
def bundle(asking: Asking, sha256: BundleHash) -> Response:
    asking.as_starter()
    return BundleAnswer(asking.service, *asking.service.bundles.find(sha256))


def _checked(asking: Caller, model: type[Said], body: bytearray) -> Said:
    """What a worker says, if it is one of the token's."""
    token = asking.as_worker()
    said = read_model(model, body)
    if not workers.owns(asking.service, token.hash, said.worker):
        raise DeniedError("worker: it did not register with this token", known=True)
    return said
