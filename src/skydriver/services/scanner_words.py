"""What external scanners say, checked (CONTRACT section 6): its shape and its size. What it means is theirs."""

from __future__ import annotations

import math
import re
from typing import Annotated, Any, Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from skydriver.errors import SettingError, TooLargeError
from skydriver.skymap.json_format import NAN

MAX_PROGRESS: Final = 1_000_000
MAX_METADATA: Final = 1_000_000
MAX_CLUSTER: Final = 20_000
"""Bytes of JSON."""

STAGE_KEYS: Final = frozenset({"columns", "metadata", "data"})
_STAGE = re.compile(r"nside-[0-9]{1,10}", re.ASCII)

Whole = Annotated[int, Field(ge=-(2**63), lt=2**63, strict=True)]


class EventMetadata(BaseModel):
    """Which event a scanner found in what it was given."""

    model_config = ConfigDict(extra="allow")

    run_id: Whole
    event_id: Whole
    event_type: str | None
    mjd: Annotated[float, Field(strict=True, allow_inf_nan=False)]
    is_real_event: Annotated[bool, Field(strict=True)]


class CondorCluster(BaseModel):
    """Workers that a scanner started."""

    model_config = ConfigDict(extra="allow")

    collector: Annotated[str, Field(max_length=1000)]
    schedd: Annotated[str, Field(max_length=1000)]
    cluster_id: Whole | Annotated[str, Field(max_length=1000)]


def checked_json(argument: str, value: object, limit: int) -> str | None:
    """An argument that is an object, as the JSON that is stored; None where it was not given.

    Raises
    ------
    SettingError
        If it is no object, or nested too deep.
    TooLargeError
        If its JSON is longer than `limit` bytes.
    """
    if value is None:
        return None
    if not isinstance(value, dict):
        raise SettingError(argument, "it is not a JSON object")
    return as_json(argument, value, limit).decode()


def as_json(argument: str, value: object, limit: int) -> bytes:
    """Plain objects as JSON, not longer than `limit` bytes."""
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise SettingError(argument, f"it cannot be stored: {error}") from error
    if len(text) > limit:
        raise TooLargeError(f"{argument}: {len(text)} bytes of JSON are more than {limit}")
    return text


def check_shape(argument: str, value: object, model: type[BaseModel]) -> None:
    """A `SettingError` that names the member of an argument that is missing or wrong."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        where = ".".join([argument, *map(str, first["loc"][:1])])
        raise SettingError(where, "it is missing" if first["type"] == "missing" else first["msg"]) from error


def checked_result(value: object, limit: int) -> bytes:
    """A sky map as the JSON that is stored; NaN and infinite numbers become the text that JSON has for NaN.

    Raises
    ------
    SettingError
        If it is not an object of stages, or a stage is not columns, metadata and data.
    """
    if not isinstance(value, dict):
        raise SettingError("skyscan_result", "it is not a JSON object")
    for name, stage in value.items():
        _check_stage(name, stage)
    return as_json("skyscan_result", value, limit)


def _check_stage(name: str, stage: object) -> None:
    if not _STAGE.fullmatch(name):
        raise SettingError("skyscan_result", f"{name[:40]!r} is not the name of a stage such as nside-8")
    if not isinstance(stage, dict) or stage.keys() != STAGE_KEYS:
        raise SettingError("skyscan_result", f"{name} is not an object of columns, metadata and data alone")
    columns, rows = stage["columns"], stage["data"]
    if not _are_texts(columns) or not isinstance(stage["metadata"], dict) or not isinstance(rows, list):
        raise SettingError("skyscan_result", f"{name}: columns are a list of names, metadata an object, data a list")
    for number, row in enumerate(rows):
        _check_row(f"{name}, row {number}", row, len(columns))


def _check_row(where: str, row: object, n_columns: int) -> None:
    """A row is as long as there are columns and of numbers; those that JSON lacks become its text for NaN."""
    if not isinstance(row, list) or len(row) != n_columns:
        raise SettingError("skyscan_result", f"{where} is not a list of {n_columns} numbers")
    for column, number in enumerate(row):
        if number == NAN:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise SettingError("skyscan_result", f"{where} holds what is not a number")
        if isinstance(number, float) and not math.isfinite(number):
            row[column] = NAN


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)
