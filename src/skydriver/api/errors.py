"""From errors to what a client gets: the one place that knows of HTTP statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from skydriver import errors
from skydriver.api.answers import error_answer
from skydriver.api.methods import allowed_methods
from skydriver.clusters.base import ClusterAwayError, ClusterRefusalError
from skydriver.services.coordination.workers import OutdatedError

if TYPE_CHECKING:
    from fastapi import FastAPI, Request
    from starlette.responses import Response

STATUSES: Final[dict[type[errors.SkyDriverError], HTTPStatus]] = {
    errors.SkyDriverError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.InputError: HTTPStatus.BAD_REQUEST,
    errors.SettingError: HTTPStatus.BAD_REQUEST,
    errors.EventError: HTTPStatus.BAD_REQUEST,
    errors.EventLayoutError: HTTPStatus.BAD_REQUEST,
    errors.FrameError: HTTPStatus.BAD_REQUEST,
    errors.ArchiveError: HTTPStatus.BAD_REQUEST,
    errors.EventContentError: HTTPStatus.BAD_REQUEST,
    errors.TaskError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.TaskInputError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.TaskEnvironmentError: HTTPStatus.INTERNAL_SERVER_ERROR,
    errors.RequestError: HTTPStatus.BAD_REQUEST,
    errors.UnknownError: HTTPStatus.NOT_FOUND,
    errors.StateError: HTTPStatus.CONFLICT,
    errors.ReplacedError: HTTPStatus.TEMPORARY_REDIRECT,
    errors.ImpossibleError: HTTPStatus.UNPROCESSABLE_ENTITY,
    OutdatedError: HTTPStatus.UPGRADE_REQUIRED,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.DeniedError: HTTPStatus.FORBIDDEN,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SchemaError: HTTPStatus.SERVICE_UNAVAILABLE,
    ClusterAwayError: HTTPStatus.SERVICE_UNAVAILABLE,
    ClusterRefusalError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.ResultError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""Of every class of errors that there is."""

OURS: Final = "the service met an error of its own; its log says which"
HEADERS: Final = {HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"}}
"""With 503 goes no Retry-After: it would replace the common client's growing pauses and use up its tries in seconds."""


def status_of(error: errors.SkyDriverError) -> HTTPStatus:
    """The status of an error; one that is denied for want of a token is 401."""
    if isinstance(error, errors.DeniedError) and not error.known:
        return HTTPStatus.UNAUTHORIZED
    return STATUSES[type(error)]


def install(app: FastAPI) -> None:
    """Let an app answer every error as ``{"code", "error"}``."""
    app.add_exception_handler(errors.SkyDriverError, _ours)
    app.add_exception_handler(RequestValidationError, _bad_argument)
    app.add_exception_handler(HTTPException, _no_route)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.SkyDriverError)  # noqa: S101 - for the type checker: it is registered so
    request.app.state.service.metrics.answered_error(error.code)
    status = status_of(error)
    if isinstance(error, errors.ReplacedError):
        return error_answer(status, str(error), {"Location": _elsewhere(request, error)})
    return error_answer(status, str(error), HEADERS.get(status))


def _elsewhere(request: Request, error: errors.ReplacedError) -> str:
    """The same path and query, of the scan that took the place of the one that was asked for."""
    path = quote(request.url.path.replace(f"/scan/{error.scan_id}", f"/scan/{error.by}", 1))
    query = request.url.query
    return f"{path}?{query}" if query else path


async def _bad_argument(_request: Request, error: Exception) -> Response:
    """An argument of the path or of the query that does not read."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker: it is registered so
    first = error.errors()[0]
    place, *names = map(str, first["loc"])
    name = ".".join(names)
    if place == "path":
        return error_answer(HTTPStatus.NOT_FOUND, f"{name}: there is nothing of that name")
    problem = "it is missing" if first["type"] == "missing" else first["msg"][:1].lower() + first["msg"][1:]
    return error_answer(HTTPStatus.BAD_REQUEST, f"{name}: {problem}")


async def _no_route(request: Request, error: Exception) -> Response:
    """No such route, or not by this method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - for the type checker: it is registered so
    status, path = HTTPStatus(error.status_code), request.url.path[:80]
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        methods = ", ".join(allowed_methods(request))
        return error_answer(status, f"{request.method} {path}: the methods here are {methods}", {"Allow": methods})
    if status is HTTPStatus.NOT_FOUND:
        return error_answer(status, f"{request.method} {path}: there is no such route; /docs lists them")
    return error_answer(status, str(error.detail))


async def _gone(_request: Request, _error: Exception) -> Response:
    """The client went away in the middle of its body: nobody reads this."""
    return error_answer(HTTPStatus.BAD_REQUEST, "body: it was cut off")


async def _unforeseen(request: Request, _error: Exception) -> Response:
    """A fault of ours; the server logs it, and closes the connection."""
    request.app.state.service.metrics.answered_error("internal")
    return error_answer(HTTPStatus.INTERNAL_SERVER_ERROR, OURS, {"Connection": "close"})
