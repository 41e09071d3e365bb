"""Bodies of requests: read up to a limit, in the event loop; taken apart elsewhere, for a large one takes a while."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import orjson
from fastapi import Depends
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from skydriver.errors import SettingError, TooLargeError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from skydriver.services.context import Service

SMALL: Final = 10_000_000
"""Bytes that a worker's words or a scanner's progress may have."""

Said = TypeVar("Said", bound=BaseModel)


def _reader(most: int | None) -> Callable[[Request], Awaitable[bytearray]]:
    """What reads a body not larger than `most` bytes, or than the settings allow."""

    async def read(request: Request) -> bytearray:
        service: Service = request.app.state.service
        limit = min(service.settings.max_body_bytes, most or service.settings.max_body_bytes)
        declared = request.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await _let_go_by(request, most=4 * limit)
            raise TooLargeError(f"body: {declared} bytes are more than {limit}")
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > limit:
                raise TooLargeError(f"body: it is larger than {limit} bytes")
        return body

    return read


async def _let_go_by(request: Request, most: int) -> None:
    """Take in a body that is not wanted: many clients send it all before they listen, and else hear of no refusal."""
    if "expect" in request.headers or int(request.headers["content-length"]) > most:
        return
    async for _part in request.stream():
        pass


Body = Annotated[bytearray, Depends(_reader(None))]
SmallBody = Annotated[bytearray, Depends(_reader(SMALL))]


def json_object(body: bytearray) -> dict[str, object]:
    """The arguments in a body; none where it is empty.

    Raises
    ------
    SettingError
        Naming ``body``, if it is not a JSON object.
    """
    return _checked(_parsed(body)) if body else {}


def json_object_with_nan(body: bytearray) -> dict[str, object]:
    """The same of a body in which programs may have written NaN, infinities and half pairs, which JSON lacks."""
    try:
        return json_object(body)
    except SettingError as refusal:
        try:
            return _checked(json.loads(body, parse_constant=float))
        except (ValueError, RecursionError) as error:
            raise refusal from error


def read_model(model: type[Said], body: bytearray) -> Said:
    """A body as a wire model; a `SettingError` names the member that is wrong."""
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "body"
        raise SettingError(where, "it is missing" if first["type"] == "missing" else first["msg"]) from error


def _parsed(body: bytearray) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise SettingError("body", f"it is not JSON: {error}") from error


def _checked(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise SettingError("body", "it is not a JSON object")
    return value
