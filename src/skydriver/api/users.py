"""Routes for people and their programs: those of 2023, and a scan's status."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import json_answer
from skydriver.api.arguments import Flag, IncludeDeleted, Number, ScanId
from skydriver.api.bodies import Body, SmallBody, json_object, json_object_with_nan
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services import launching, manifests, results

routes = APIRouter(tags=["Scans"])

IdempotencyKey = Annotated[
    str | None,
    Header(description="The same key and body are the same scan, however often they are sent."),
]


@routes.get("/", summary="Say that the service is there", responses=answers({}))
def root() -> Response:
    return json_answer(b"{}")


@routes.get("/scans", summary="Find the scans of an event", responses=answers(examples.FOUND, 400, 401, 403, 503))
def find(
    asking: Asking, *, run_id: Number, event_id: Number, is_real_event: Flag, include_deleted: IncludeDeleted = False
) -> Response:
    service = asking.as_user()
    found = manifests.find_scans(service, run_id, event_id, is_real=is_real_event, include_deleted=include_deleted)
    return json_answer(found)


@routes.post(
    "/scan",
    summary="Launch a scan of an event",
    responses=answers(examples.MANIFEST, 400, 401, 403, 409, 413, 422, 503),
    openapi_extra=takes(examples.SUBMISSION, schemas.SUBMISSION),
)
def launch(asking: Asking, body: Body, idempotency_key: IdempotencyKey = None) -> Response:
    service, arguments = asking.as_user(), json_object_with_nan(body)
    return json_answer(launching.launch(service, arguments, asking.owner, idempotency_key))


@routes.get(
    "/scan/manifest/{scan_id}",
    summary="Retrieve the manifest of a scan",
    responses=answers(examples.MANIFEST, 400, 401, 403, 404, 503),
)
def get_manifest(asking: Asking, scan_id: ScanId, *, include_deleted: IncludeDeleted = False) -> Response:
    service = asking.as_user(scan_id)
    return json_answer(manifests.manifest(service, scan_id, include_deleted=include_deleted))


@routes.delete(
    "/scan/manifest/{scan_id}",
    summary="Abort a scan and mark its manifest as deleted",
    responses=answers(examples.MANIFEST, 400, 401, 403, 404, 503),
)
def delete_manifest(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    service = asking.as_user()
    json_object(body)
    return json_answer(manifests.delete_manifest(service, scan_id))


@routes.get(
    "/scan/result/{scan_id}",
    summary="Retrieve the result of a scan, final or so far",
    responses=answers(examples.RESULT, 400, 401, 403, 404, 503),
)
def get_result(asking: Asking, scan_id: ScanId, *, include_deleted: IncludeDeleted = False) -> Response:
    service = asking.as_user(scan_id)
    return json_answer(results.result(service, scan_id, include_deleted=include_deleted))


@routes.delete(
    "/scan/result/{scan_id}",
    summary="Mark the result of a scan as deleted",
    responses=answers(examples.RESULT, 400, 401, 403, 404, 503),
)
def delete_result(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    service = asking.as_user()
    json_object(body)
    return json_answer(results.delete_result(service, scan_id))
