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
from skydriver.skymap.columns import DTYPES, NAMES, Rows, widened
from skydriver.skymap.files import is_there, read_whole, write_atomically
from skydriver.skymap.metadata import about, map_of, metadata_of, nside_of
from skydriver.skymap.provenance import Provenance

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.skymap.skymap import SkyMap

NAN = "<skyreader.nan>"
"""How skyreader writes NaN, which JSON lacks."""


def to_document(skymap: SkyMap) -> dict[str, Any]:
    """The map as plain objects: what an API calls ``skyscan_result``."""
    return {f"nside-{nside}": _stage_document(skymap, nside) for nside in skymap.stages}


def to_json(skymap: SkyMap) -> bytes:
    """The map as JSON, the same bytes for the same map; floats are written so that they read back exactly."""
    return json.dumps(to_document(skymap), separators=(",", ":"), allow_nan=False).encode() + b"\n"


def from_document(document: object, provenance: Provenance | None = None) -> SkyMap:
    """A map from plain objects, in any version of the columns.

    NaN may be skyreader's text or a bare NaN, rows may come in any order, and infinite values become NaN.

    Raises
    ------
    ResultError
        Naming the stage, row or field that is wrong.
    """
    if not isinstance(document, dict):
        raise ResultError("a map is a JSON object with a key for each stage")
    stages = {}
    for key, content in document.items():
        nside = nside_of(str(key))
        columns, metadata, data = _parts(key, content)
        said = about(metadata, nside)
        stages[nside] = (said, _rows(key, _dtype(key, columns, said.version), data))
    return map_of(stages, provenance)


def from_json(data: bytes | str, provenance: Provenance | None = None) -> SkyMap:
    """A map from `to_json`'s form or skyreader's; `ResultError` as in `from_document`."""
    try:
        document = json.loads(data, parse_constant=float)
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
    return from_json(read_whole(path), provenance_beside(path))


def provenance_beside(path: Path) -> Provenance | None:
    """The provenance of the map in `path`, None if there is none beside it."""
    beside = provenance_path(path)
    return Provenance.from_json(read_whole(beside)) if is_there(beside) else None


def _stage_document(skymap: SkyMap, nside: int) -> dict[str, Any]:
    metadata = {name: _sayable(value) for name, value in metadata_of(skymap, nside).items()}
    data = [[_sayable(value) for value in row] for row in skymap.stages[nside].tolist()]
    return {"columns": list(NAMES), "metadata": metadata, "data": data}


def _sayable(value: Any) -> Any:
    return NAN if isinstance(value, float) and math.isnan(value) else value


def _parts(key: str, content: object) -> tuple[object, dict[str, Any], list[Any]]:
    """Columns, metadata and rows of one stage, after checking its three keys."""
    if not isinstance(content, dict) or content.keys() != {"columns", "metadata", "data"}:
        raise ResultError(f"{key}: not an object of exactly columns, metadata and data")
    if not isinstance(content["metadata"], dict) or not isinstance(content["data"], list):
        raise ResultError(f"{key}: metadata is not an object, or data not a list")
    metadata = {name: _number(value) for name, value in content["metadata"].items()}
    return content["columns"], metadata, content["data"]


def _dtype(key: str, columns: object, version: int) -> np.dtype[np.void]:
    """What a row is of, after checking that the columns are those of the version."""
    expected = list(DTYPES[version].names or ())
    if columns != expected:
        raise ResultError(f"{key}: the columns are {str(columns)[:80]}, not {expected} of version {version}")
    return DTYPES[version]


def _number(value: Any) -> Any:
    return math.nan if isinstance(value, str) and value == NAN else value


def _rows(key: str, dtype: np.dtype[np.void], data: list[Any]) -> Rows:
    """The rows of one stage, after checking each."""
    names, rows = dtype.names or (), []
    for i, row in enumerate(data):
        if not isinstance(row, list) or len(row) != len(names):
            raise ResultError(f"{key}: row {i} is not a list of {len(names)} values")
        rows.append(tuple(map(_number, row)))
        for name, value in zip(names, rows[-1], strict=True):
            _check(key, i, name, value)
    return widened(np.array(rows, dtype))


def _check(key: str, row: int, name: str, value: object) -> None:
    """Refuse a value that its column cannot hold."""
    if isinstance(value, float) and name != "index":
        return
    limit = 2**63 if name == "index" else 1e308
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= limit:
        raise ResultError(f"{key}: {name} of row {row} is {str(value)[:40]!r}, not a number that fits")
