"""Routes of 2025 that do something with a scan: scan again, give it more workers."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import json_answer
from skydriver.api.arguments import ScanId
from skydriver.api.bodies import SmallBody, json_object
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.api.users import IdempotencyKey
from skydriver.services import adding_workers, rescanning

routes = APIRouter(tags=["Actions"])


@routes.post(
    "/scan/{scan_id}/actions/rescan",
    summary="Scan the same again",
    responses=answers(examples.MANIFEST_2025, 400, 401, 403, 404, 409, 413, 422, 503),
    openapi_extra=takes(examples.RESCAN, schemas.RESCAN, required=False),
)
def rescan(asking: Asking, scan_id: ScanId, body: SmallBody, idempotency_key: IdempotencyKey = None) -> Response:
    service, arguments = asking.as_user(scan_id), json_object(body)
    return json_answer(rescanning.rescan(service, scan_id, arguments, asking.owner, idempotency_key))


@routes.post(
    "/scan/{scan_id}/actions/add-workers",
    summary="Give a scan more workers",
    responses=answers(examples.MORE_WORKERS, 307, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.ADD_WORKERS, schemas.ADD_WORKERS),
)
def add_workers(asking: Asking, scan_id: ScanId, body: SmallBody, idempotency_key: IdempotencyKey = None) -> Response:
    asking.as_user()
    arguments = json_object(body)
    service = asking.as_user_of(scan_id, no_redirect=arguments.get("no_redirect") is True)
    return json_answer(adding_workers.add_workers(service, scan_id, arguments, asking.owner, idempotency_key))
