"""The JSON form of a map, as `icecube-skyreader` reads it (`SkyScanResult.read_json`, `deserialize`).

Its reader takes every top-level key for a stage and refuses stages with more than their three keys, so the provenance
travels in a file of its own beside the map: ``NAME.provenance.json``.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from skydriver.errors import ResultError
from skydriver.skymap.columns import DTYPE, NAMES, Rows, rows_from
from skydriver.skymap.files import read_whole, write_atomically
from skydriver.skymap.metadata import identity_from, metadata_of, nside_of, the_one
from skydriver.skymap.provenance import Provenance
from skydriver.skymap.skymap import SkyMap

if TYPE_CHECKING:
    from pathlib import Path

NAN = "<skyreader.nan>"
"""How skyreader writes NaN, which JSON lacks."""


def to_document(skymap: SkyMap) -> dict[str, Any]:
    """The map as plain objects: what an API calls ``skyscan_result``."""
    return {f"nside-{nside}": _stage_document(skymap, nside) for nside in skymap.stages}


def to_json(skymap: SkyMap) -> bytes:
    """The map as JSON, the same bytes for the same map; floats are written so that they read back exactly."""
    return json.dumps(to_document(skymap), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def from_document(document: object, provenance: Provenance | None = None) -> SkyMap:
    """A map from plain objects; NaN may be skyreader's text or a bare NaN, rows may come in any order.

    Raises
    ------
    ResultError
        Naming the stage, row or field that is wrong.
    """
    if not isinstance(document, dict):
        raise ResultError("a map is a JSON object with a key for each stage")
    stages, complete, events = {}, {}, {}
    for key, content in document.items():
        nside = nside_of(str(key))
        metadata, data = _parts(key, content)
        events[nside] = identity_from(metadata, nside)
        complete[nside] = metadata["complete"]
        stages[nside] = _rows(key, data)
    return SkyMap(stages, complete, the_one(events), provenance)


def from_json(data: bytes | str, provenance: Provenance | None = None) -> SkyMap:
    """A map from `to_json`'s form or skyreader's; `ResultError` as in `from_document`."""
    try:
        document = json.loads(data, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"a map that is not JSON: {error}") from error
    return from_document(document, provenance)


def provenance_path(path: Path) -> Path:
    """Where the provenance of the map in `path` lies."""
    return path.with_suffix(".provenance.json")


def write_json(skymap: SkyMap, path: Path) -> tuple[Path, ...]:
    """Write a map, and its provenance beside it; the files written."""
    beside: tuple[Path, ...] = ()
    if skymap.provenance is not None:
        beside = (provenance_path(path),)
        write_atomically(beside[0], skymap.provenance.to_json())
    write_atomically(path, to_json(skymap))
    return path, *beside


def read_json(path: Path) -> SkyMap:
    """Read a map, with the provenance beside it if there is one."""
    beside = provenance_path(path)
    provenance = Provenance.from_json(read_whole(beside)) if beside.exists() else None
    return from_json(read_whole(path), provenance)


def _stage_document(skymap: SkyMap, nside: int) -> dict[str, Any]:
    metadata = {name: _sayable(value) for name, value in metadata_of(skymap, nside).items()}
    data = [[_sayable(value) for value in row] for row in skymap.stages[nside].tolist()]
    return {"columns": list(NAMES), "metadata": metadata, "data": data}


def _sayable(value: Any) -> Any:
    return NAN if isinstance(value, float) and math.isnan(value) else value


def _constant(text: str) -> float:
    """NaN is read, infinities are not."""
    if text == "NaN":
        return math.nan
    raise ResultError(f"{text} is no value of a map")


def _parts(key: str, content: object) -> tuple[dict[str, Any], list[Any]]:
    """The metadata and rows of one stage, after checking its three keys."""
    if not isinstance(content, dict) or content.keys() != {"columns", "metadata", "data"}:
        raise ResultError(f"{key}: not an object of exactly columns, metadata and data")
    if content["columns"] != list(NAMES):
        raise ResultError(f"{key}: the columns are {str(content['columns'])[:80]}, not {list(NAMES)}")
    if not isinstance(content["metadata"], dict) or not isinstance(content["data"], list):
        raise ResultError(f"{key}: metadata is not an object, or data not a list")
    metadata = {name: _number(value) for name, value in content["metadata"].items()}
    return metadata | {"event_type": metadata.get("event_type") or ""}, content["data"]


def _number(value: Any) -> Any:
    return math.nan if isinstance(value, str) and value == NAN else value


def _rows(key: str, data: list[Any]) -> Rows:
    """The rows of one stage, after checking each."""
    rows = []
    for i, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(NAMES):
            raise ResultError(f"{key}: row {i} is not a list of {len(NAMES)} values")
        rows.append(tuple(map(_number, row)))
        for name, value in zip(NAMES, rows[-1], strict=True):
            _check(key, i, name, value)
    return rows_from(rows) if rows else np.zeros(0, DTYPE)


def _check(key: str, row: int, name: str, value: object) -> None:
    """Refuse a value that its column cannot hold."""
    kind = int if name == "index" else int | float
    limit = 2**63 if name == "index" else 1e308
    if not isinstance(value, kind) or isinstance(value, bool) or abs(value) >= limit:
        raise ResultError(f"{key}: {name} of row {row} is {str(value)[:40]!r}, not a number that fits")
