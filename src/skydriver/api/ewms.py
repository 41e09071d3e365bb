"""Routes of 2025 that old scripts ask for: of workers elsewhere, which this service does not have."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import json_answer
from skydriver.api.arguments import NoRedirect, ScanId
from skydriver.api.bodies import SmallBody, json_object
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services import ewms, manifests, workforce

routes = APIRouter(tags=["EWMS"])


@routes.get(
    "/scan/{scan_id}/ewms/workflow-id",
    summary="Say which workflow elsewhere a scan has",
    responses=answers(examples.WORKFLOW, 307, 400, 401, 403, 404, 503),
)
def get_workflow(asking: Asking, scan_id: ScanId, *, no_redirect: NoRedirect = False) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(ewms.workflow(service, scan_id))


@routes.post(
    "/scan/{scan_id}/ewms/workflow-id",
    summary="Note which workflow elsewhere an external scan has",
    responses=answers(examples.MANIFEST_2025, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.SET_WORKFLOW, schemas.SET_WORKFLOW),
)
def set_workflow(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    service = asking.as_scanner(scan_id)
    ewms.set_workflow(service, scan_id, json_object(body))
    return json_answer(manifests.manifest_of_2025(service, scan_id, manifests.View(include_deleted=True)))


@routes.get(
    "/scan/{scan_id}/ewms/workforce",
    summary="Say who works on a scan",
    responses=answers(examples.WORKFORCE, 307, 400, 401, 403, 404, 503),
)
def get_workforce(asking: Asking, scan_id: ScanId, *, no_redirect: NoRedirect = False) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(workforce.workforce_of(service, scan_id))


@routes.get(
    "/scan/{scan_id}/ewms/taskforces",
    summary="List what was started elsewhere: nothing",
    responses=answers([], 307, 400, 401, 403, 404, 503),
)
def get_taskforces(asking: Asking, scan_id: ScanId, *, no_redirect: NoRedirect = False) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(ewms.taskforces(service, scan_id))
