"""Routes for what is published of a scan's map."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Header, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from skydriver.api import examples
from skydriver.api.answers import JSON, json_answer
from skydriver.api.arguments import IncludeDeleted, NoRedirect, ScanId
from skydriver.api.callers import Asking
from skydriver.api.openapi import answers
from skydriver.services import product_list, scan_products
from skydriver.services.product_kinds import KINDS
from skydriver.services.product_options import Asked
from skydriver.services.scan_products import Product
from skydriver.skymap.notice import TENSES

routes = APIRouter(tags=["Products"])

_HEADERS: Final = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff"}
"""Whoever keeps a product asks whether it is still the one: a map may have grown."""
_UNCHANGED: Final = {"description": "It is the one that If-None-Match names."}
_BYTES: Final = {"schema": {"type": "string", "format": "binary"}}
_KINDS: Final = dict.fromkeys(kind.media_type.partition(";")[0] for kind in KINDS)


def _described() -> dict[int | str, dict[str, Any]]:
    """What a product is answered with: it is of many kinds."""
    told = answers(examples.MAP, 307, 400, 401, 403, 404, 409, 422, 503)
    told[200]["content"] |= {kind: _BYTES for kind in _KINDS if kind != JSON}
    return {**told, 304: _UNCHANGED}


Name = Annotated[
    str,
    Path(
        pattern=r"^[0-9a-z.-]{1,40}$",
        description="Of the product: how its file's name ends.",
        json_schema_extra={"enum": [kind.ending for kind in KINDS]},
    ),
]
Tag = Annotated[str | None, Header(description="Answer with 304 where the product is still this one.")]


def _asked(
    *,
    nested: Annotated[bool, Query(description="Order fits.gz NESTED instead of RING.")] = False,
    nside: Annotated[int | None, Query(description="Of fits.gz: a power of two.", ge=1, le=1024)] = None,
    tense: Annotated[
        str, Query(description="The alert_tense of notice.json.", json_schema_extra={"enum": [*TENSES]})
    ] = "test",
    event_name: Annotated[str | None, Query(description="The event's name for notice.json and circular.txt.")] = None,
) -> Asked:
    return Asked(nested, nside, tense, event_name)


@routes.get(
    "/scan/{scan_id}/products",
    summary="List what there is of a scan's map",
    responses=answers(examples.PRODUCTS, 307, 400, 401, 403, 404, 503),
)
def list_products(
    request: Request,
    asking: Asking,
    scan_id: ScanId,
    *,
    include_deleted: IncludeDeleted = False,
    no_redirect: NoRedirect = False,
) -> Response:
    service = asking.as_user_of(scan_id, no_redirect=no_redirect)
    url = f"{request.base_url}scan/{scan_id}/products/"
    return json_answer(product_list.list_products(service, scan_id, url, include_deleted=include_deleted))


@routes.get("/scan/{scan_id}/products/{name}", summary="Make a product of a scan's map", responses=_described())
async def get_product(  # noqa: PLR0913 - one for each argument
    request: Request,
    asking: Asking,
    scan_id: ScanId,
    name: Name,
    asked: Annotated[Asked, Depends(_asked)],
    *,
    include_deleted: IncludeDeleted = False,
    no_redirect: NoRedirect = False,
    if_none_match: Tag = None,
) -> Response:
    async def is_over() -> bool:
        return bool(request.app.state.is_ending) or await request.is_disconnected()

    service = await run_in_threadpool(partial(asking.as_user_of, scan_id, no_redirect=no_redirect))
    look = partial(scan_products.look, service, scan_id, name, asked, include_deleted=include_deleted)
    return _answer(await scan_products.await_product(look, name, is_over), if_none_match)


def _answer(product: Product, known: str | None) -> Response:
    """The product, or that the client has it already."""
    headers = {**_HEADERS, "ETag": product.etag}
    tags = [tag.strip().removeprefix("W/") for tag in (known or "").split(",")]
    if "*" in tags or product.etag in tags:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'inline; filename="{product.file}"'
    return Response(product.content, media_type=product.media_type, headers=headers)
