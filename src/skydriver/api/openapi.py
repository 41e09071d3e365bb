"""The OpenAPI document: made of the routes, with an example of each request and answer, and every error."""

from __future__ import annotations

import copy
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi.openapi.utils import get_openapi

from skydriver.api.answers import JSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI
    from fastapi.routing import APIRoute
    from pydantic import BaseModel

ABOUT: Final = (
    "Reconstructs where in the sky a neutrino event came from. Arguments of GET stand in the query, those of other "
    "methods in one JSON object in the body. Every write may be repeated. An error is {code, error}: the status and "
    "a sentence that names the argument; the reason phrase of the status line is the same sentence."
)
MEANINGS: Final = {
    307: (
        "Another scan took the place of this one; Location says where the same is told of that.",
        "scan_id: 0x0 was replaced by 0x1; no_redirect asks for itself",
    ),
    400: ("An argument is wrong, or the body is not a JSON object.", "nsides: 12 is not a power of two"),
    401: ("A token is missing, unknown or expired.", "Authorization: a worker's token is needed"),
    403: ("Not allowed with this token, or from this page.", "Authorization: this token is for worker local alone"),
    404: ("There is no such scan, result or route.", "scan_id: there is no scan 0x0"),
    409: ("It does not go with the state of the scan.", "scan_id: 0x0 is no scan of an external scanner"),
    413: ("The body is too large.", "body: it is larger than 100000000 bytes"),
    422: ("Of the right shape, but impossible here.", "docker_tag: the image v1 holds no worker of SkyDriver"),
    426: ("The worker is of another release.", "protocol: this service speaks version 1, not 2"),
    503: ("The database does not answer; the same request may succeed later.", "the database does not answer"),
}
ERROR: Final = {
    "type": "object",
    "required": ["code", "error"],
    "properties": {"code": {"type": "integer"}, "error": {"type": "string"}},
}


def answers(example: object, *errors: int, media_type: str = JSON) -> dict[int | str, dict[str, Any]]:
    """What a route answers with: an example of its document, and the errors that it knows."""
    kind = "array" if isinstance(example, list) else "object"
    content: dict[str, Any] = {"schema": {"type": kind}, "example": example}
    if media_type != JSON:
        content = {"schema": {"type": "string", "format": "binary"}}
    good = {"description": HTTPStatus.OK.phrase, "content": {media_type: content}}
    return {200: good, **{code: _error(code) for code in errors}}


def takes(example: object, schema: Mapping[str, Any] | type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """What a route takes in its body: an example, a JSON schema or the model that is it; whether it must be there."""
    if isinstance(schema, type):
        schema = schema.model_json_schema(ref_template="#/components/schemas/{model}")
    return {"requestBody": {"required": required, "content": {JSON: {"schema": schema, "example": example}}}}


def describe(app: FastAPI) -> None:
    """Let an app say what its routes are, made once: only of errors that there are."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(title=app.title, version=app.version, description=ABOUT, routes=app.routes)
            _complete(made, app.state.routes)
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _error(code: int) -> dict[str, Any]:
    meaning, sentence = MEANINGS[code]
    content = {"schema": {"$ref": "#/components/schemas/Error"}, "example": {"code": code, "error": sentence}}
    return {"description": meaning, "content": {JSON: content}}


def _complete(made: dict[str, Any], routes: Iterable[APIRoute]) -> None:
    """Put in what the library leaves out of a route's own description, and take out what it puts in."""
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Error"] = ERROR
    for route in (told for told in routes if told.include_in_schema):
        for method in route.methods or ():
            operation = made["paths"][route.path][method.lower()]
            operation["responses"] = {str(code): answer for code, answer in route.responses.items()}
            if route.openapi_extra:
                operation |= copy.deepcopy(route.openapi_extra)
                schemas.update(operation["requestBody"]["content"][JSON]["schema"].pop("$defs", {}))
