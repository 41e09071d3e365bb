"""The npz form of a map, as `icecube-skyreader` reads it (`SkyScanResult.read_npz`).

One structured array for each ``nside-N``, and a ``header`` with the metadata of all. skyreader reads nothing but what
the header names, so the provenance travels inside: a text, as JSON, in the array ``provenance``.
"""

from __future__ import annotations

import io
import lzma
import tokenize
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from skydriver.errors import ResultError
from skydriver.skymap.columns import DTYPES, widened
from skydriver.skymap.files import read_whole, write_atomically
from skydriver.skymap.metadata import FIELDS, about, map_of, metadata_of, nside_of
from skydriver.skymap.provenance import Provenance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from skydriver.skymap.columns import Rows
    from skydriver.skymap.metadata import About
    from skydriver.skymap.skymap import SkyMap

MAX_BYTES = 1 << 30
"""Most bytes that a file may unpack to; the largest scan allowed has a quarter of that."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time stamp of every member: the same map is the same bytes."""


def to_npz(skymap: SkyMap) -> bytes:
    """The map as an uncompressed npz file, the same bytes for the same map."""
    arrays: dict[str, NDArray[Any]] = {"header": _header(skymap)}
    arrays |= {f"nside-{nside}": rows for nside, rows in skymap.stages.items()}
    if skymap.provenance is not None:
        arrays["provenance"] = np.array(skymap.provenance.to_json().decode())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            archive.writestr(_member(name), _npy(array))
    return file.getvalue()


def from_npz(data: bytes) -> SkyMap:
    """A map from `to_npz`'s form or skyreader's, in any version of the columns. Nothing is unpickled.

    Without a header, as skyreader writes maps of which it knows no event, every array is a stage.

    Raises
    ------
    ResultError
        Naming what is missing or wrong.
    """
    arrays = _arrays(data)
    records = _records(arrays["header"]) if "header" in arrays else _unheaded(arrays)
    stages = {}
    for fields in records:
        key = f"nside-{fields.get('nside')}"
        nside = nside_of(key)
        said = about(fields, nside)
        stages[nside] = (said, _stage(key, said, arrays))
    return map_of(stages, _provenance(arrays))


def write_npz(skymap: SkyMap, path: Path) -> Path:
    """Write a map with its provenance; the file written."""
    write_atomically(path, to_npz(skymap))
    return path


def read_npz(path: Path) -> SkyMap:
    """Read a map, with its provenance if it has one."""
    return from_npz(read_whole(path))


def _header(skymap: SkyMap) -> NDArray[Any]:
    """One record of metadata for each stage."""
    types = {bool: "?", int: "<i8", float: "<f8", str: f"<U{max(1, len(skymap.event.event_type))}"}
    dtype = np.dtype([(name, types[kinds[0]]) for name, kinds in FIELDS.items()])
    return np.array([tuple(metadata_of(skymap, nside).values()) for nside in skymap.stages], dtype)


def _member(name: str) -> zipfile.ZipInfo:
    """A file of the archive, with nothing in it that depends on the time or the system."""
    info = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    return info


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _arrays(data: bytes) -> dict[str, NDArray[Any]]:
    """Every array of the file, none of them pickled, all together no larger than they may be."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(info.file_size for info in archive.infolist()) > MAX_BYTES:
                raise ResultError(f"npz: it would unpack to more than {MAX_BYTES} bytes")
            members = {name.removesuffix(".npy"): archive.read(name) for name in archive.namelist()}
        read = np.lib.format.read_array
        return {name: read(io.BytesIO(member), allow_pickle=False) for name, member in members.items()}
    except _UNREADABLE as error:
        raise ResultError(f"npz: not readable ({' '.join(str(error).split())[:120]})") from error


_UNREADABLE = (
    OSError,
    EOFError,
    ValueError,  # what NumPy says of a wrong array, and of pickled ones
    TypeError,
    SyntaxError,  # NumPy reads an array's header as Python literals
    tokenize.TokenError,
    RecursionError,
    MemoryError,  # an array that claims to be larger than memory
    NotImplementedError,  # an unknown compression
    RuntimeError,  # an encrypted member
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def _records(header: NDArray[Any]) -> list[dict[str, Any]]:
    """The header's records as plain values."""
    if header.dtype.names is None or header.ndim != 1:
        raise ResultError("npz: the header is not a list of records")
    return [dict(zip(header.dtype.names, record, strict=True)) for record in _plain(header)]


def _unheaded(arrays: dict[str, NDArray[Any]]) -> list[dict[str, Any]]:
    """What is known of the stages of a file without a header: their version, by their columns."""
    versions = {dtype: version for version, dtype in DTYPES.items()}
    return [{"nside": nside_of(key), "version": versions.get(array.dtype, 0)} for key, array in arrays.items()]


def _plain(array: NDArray[Any]) -> Any:
    """An array as Python values."""
    try:
        return array.tolist()
    except (ValueError, OverflowError, SystemError) as error:  # NumPy's answers to letters that Unicode lacks
        raise ResultError("npz: a text or a date in it is none") from error


def _stage(key: str, said: About, arrays: dict[str, NDArray[Any]]) -> Rows:
    """The rows of one stage, after checking that they are of the version that it is said to have."""
    if key not in arrays:
        raise ResultError(f"npz: the header names {key}, but there is no such array")
    rows, dtype = arrays[key], DTYPES[said.version]
    if rows.dtype != dtype:
        found = f"{rows.dtype.names}, of {rows.dtype}"
        raise ResultError(f"{key}: the columns are {found}, not {dtype.names} of version {said.version}")
    return widened(rows)


def _provenance(arrays: dict[str, NDArray[Any]]) -> Provenance | None:
    if "provenance" not in arrays:
        return None
    if arrays["provenance"].dtype.kind != "U" or arrays["provenance"].ndim:
        raise ResultError("npz: the provenance is not a text")
    return Provenance.from_json(str(_plain(arrays["provenance"])))
