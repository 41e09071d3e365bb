"""Routes for external scanners: they report to a scan that was launched with ``docker_tag`` external."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import json_answer
from skydriver.api.arguments import ScanId
from skydriver.api.bodies import Body, SmallBody, json_object, json_object_with_nan
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services import external

routes = APIRouter(tags=["External scanners"])


@routes.patch(
    "/scan/manifest/{scan_id}",
    summary="Say how far a scanner is",
    responses=answers(examples.MANIFEST, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.PATCH, schemas.PATCH),
)
def patch_manifest(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    service = asking.as_scanner(scan_id)
    return json_answer(external.patch_manifest(service, scan_id, json_object(body)))


@routes.put(
    "/scan/result/{scan_id}",
    summary="Send the result of a scan, final or so far",
    responses=answers(examples.RESULT, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.PUT, schemas.PUT),
)
def put_result(asking: Asking, scan_id: ScanId, body: Body) -> Response:
    service = asking.as_scanner(scan_id)
    return json_answer(external.put_result(service, scan_id, json_object_with_nan(body)))
