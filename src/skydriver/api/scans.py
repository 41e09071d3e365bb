"""Routes of 2025 about one scan: its documents, its log, and what its external scanner says."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from skydriver.api import examples, schemas
from skydriver.api.answers import json_answer
from skydriver.api.arguments import After, IncludeDeleted, Limit, Names, NoRedirect, ScanId
from skydriver.api.bodies import Body, SmallBody, json_object, json_object_with_nan
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers, takes
from skydriver.services import (
    external,
    manifests,
    results,
    scan_lines,
    scan_requests,
    scan_status,
    whole_scans,
    workforce,
)
from skydriver.services.body_arguments import only
from skydriver.services.projection import read_projection

routes = APIRouter(tags=["Scans"])


@routes.get(
    "/scan-request/{scan_id}",
    summary="Retrieve what a scan was asked for with",
    responses=answers(examples.SCAN_REQUEST, 400, 401, 403, 404, 503),
)
def get_request(asking: Asking, scan_id: ScanId) -> Response:
    return json_answer(scan_requests.scan_request(asking.as_user(), scan_id))


@routes.get(
    "/scan/{scan_id}",
    summary="Retrieve the manifest and the result of a scan",
    responses=answers(examples.SCAN, 307, 400, 401, 403, 404, 503),
)
def get_scan(
    asking: Asking, scan_id: ScanId, *, include_deleted: IncludeDeleted = False, no_redirect: NoRedirect = False
) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    view = manifests.View(include_deleted=include_deleted, with_event=asking.is_scanner)
    return json_answer(whole_scans.whole_scan(service, scan_id, view))


@routes.delete(
    "/scan/{scan_id}",
    summary="Abort a scan and mark it as deleted",
    responses=answers(examples.SCAN, 307, 400, 401, 403, 404, 413, 503),
    openapi_extra=takes(examples.DELETE_SCAN, schemas.DELETE_SCAN, required=False),
)
def delete_scan(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    asking.as_user()
    arguments = json_object(body)
    service = asking.as_user_of(scan_id, no_redirect=arguments.get("no_redirect") is True)
    return json_answer(whole_scans.delete_scan(service, scan_id, arguments))


@routes.get(
    "/scan/{scan_id}/manifest",
    summary="Retrieve the manifest of a scan, as it is since 2025",
    responses=answers(examples.MANIFEST_2025, 307, 400, 401, 403, 404, 503),
)
def get_manifest(
    asking: Asking,
    scan_id: ScanId,
    *,
    projection: Names = None,
    include_deleted: IncludeDeleted = False,
    no_redirect: NoRedirect = False,
) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    wanted = read_projection("projection", projection)
    view = manifests.View(wanted, include_deleted=include_deleted, with_event=asking.is_scanner)
    return json_answer(manifests.manifest_of_2025(service, scan_id, view))


@routes.patch(
    "/scan/{scan_id}/manifest",
    summary="Say how far a scanner is, as since 2025",
    responses=answers(examples.MANIFEST_2025, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.PATCH, schemas.PATCH),
)
def patch_manifest(asking: Asking, scan_id: ScanId, body: SmallBody) -> Response:
    service = asking.as_scanner(scan_id)
    external.patch(service, scan_id, only(json_object(body), external.PATCHED, "PATCH /scan/ID/manifest"))
    view = manifests.View(include_deleted=True, with_event=asking.is_scanner)
    return json_answer(manifests.manifest_of_2025(service, scan_id, view))


@routes.get(
    "/scan/{scan_id}/result",
    summary="Retrieve the result of a scan, final or so far; an empty object while there is none",
    responses=answers(examples.RESULT, 307, 400, 401, 403, 404, 503),
)
def get_result(
    asking: Asking, scan_id: ScanId, *, include_deleted: IncludeDeleted = False, no_redirect: NoRedirect = False
) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(results.result_or_nothing(service, scan_id, include_deleted=include_deleted))


@routes.put(
    "/scan/{scan_id}/result",
    summary="Send the result of a scan, final or so far, as since 2025",
    responses=answers(examples.RESULT, 400, 401, 403, 404, 409, 413, 503),
    openapi_extra=takes(examples.PUT, schemas.PUT),
)
def put_result(asking: Asking, scan_id: ScanId, body: Body) -> Response:
    service = asking.as_scanner(scan_id)
    arguments = only(json_object_with_nan(body), external.PUT, "PUT /scan/ID/result")
    return json_answer(external.put_result(service, scan_id, arguments))


@routes.get(
    "/scan/{scan_id}/i3-event",
    summary="Retrieve the event of a scan",
    responses=answers(examples.I3_EVENT, 307, 400, 401, 403, 404, 503),
)
def get_event(asking: Asking, scan_id: ScanId, *, no_redirect: NoRedirect = False) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(scan_requests.i3_event(service, scan_id))


@routes.get(
    "/scan/{scan_id}/status",
    summary="Say how far a scan is",
    responses=answers(examples.STATUS, 307, 400, 401, 403, 404, 503),
)
def get_status(asking: Asking, scan_id: ScanId, request: Request, *, no_redirect: NoRedirect = False) -> Response:
    def look() -> bytes:
        service, follow = asking.as_user(scan_id), not (no_redirect or asking.is_scanner)
        return scan_status.status(service, scan_id, logs_url(request, scan_id), follow=follow)

    return json_answer(asking.status(scan_id, look))


@routes.get(
    "/scan/{scan_id}/logs",
    summary="Read the log of a scan, page by page",
    responses=answers(examples.LOGS, 307, 400, 401, 403, 404, 503),
)
def get_logs(  # noqa: PLR0913 - one for each argument of the query
    asking: Asking,
    scan_id: ScanId,
    request: Request,
    *,
    after: After = 0,
    limit: Limit = 1000,
    no_redirect: NoRedirect = False,
) -> Response:
    asking.as_user()
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    url = logs_url(request, scan_id)
    return json_answer(scan_lines.scan_lines(service, scan_id, after=after, limit=limit, url=url))


@routes.get(
    "/scan/{scan_id}/workforce",
    summary="Say who works on a scan",
    responses=answers(examples.WORKFORCE, 307, 400, 401, 403, 404, 503),
)
def get_workforce(asking: Asking, scan_id: ScanId, *, no_redirect: NoRedirect = False) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    return json_answer(workforce.workforce_of(service, scan_id))


def logs_url(request: Request, scan_id: str) -> str:
    """Where the log of a scan is told, by the name under which this service was asked."""
    return f"{request.base_url}scan/{scan_id}/logs"
