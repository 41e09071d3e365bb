"""The cleaned pulses of an event as they travel to workers: one array per column, in the npz format.

The same pulses are the same bytes, so that their hash names them.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib import format as npy

from skydriver.errors import TaskInputError
from skydriver.events.event import Pulses
from skydriver.events.limits import MAX_PULSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OTHER_TYPES: dict[str, type] = {"string": np.int16, "om": np.int16, "hlc": np.bool_, "pmt": np.uint8}
COLUMNS = {field.name: np.dtype(_OTHER_TYPES.get(field.name, np.float64)) for field in fields(Pulses)}
"""Types by name, those that `Pulses` gives its columns."""
MAX_HEADER_BYTES = 1024
MAX_BYTES = MAX_PULSES * sum(dtype.itemsize for dtype in COLUMNS.values()) + 1_000_000
"""Most bytes that a file has; it may be compressed."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def to_bytes(pulses: Pulses) -> bytes:
    """The pulses as a compressed npz file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in COLUMNS:
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.create_system = 3
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, _npy(getattr(pulses, name)))
    return file.getvalue()


def from_bytes(data: bytes) -> Pulses:
    """Pulses from `to_bytes`' form. Nothing is unpickled, nor more read than pulses can have.

    Raises
    ------
    TaskInputError
        Naming what is wrong.
    """
    if len(data) > MAX_BYTES:
        raise TaskInputError(f"the pulses are more than {MAX_BYTES} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = sorted(archive.namelist())
            if names != sorted(f"{name}.npy" for name in COLUMNS):
                raise TaskInputError(f"the pulses have the columns {', '.join(names)[:200] or 'none'}")
            return Pulses(*(_column(archive, name) for name in COLUMNS))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise TaskInputError(f"the pulses are no npz file: {error}") from error
    except ValueError as error:
        raise TaskInputError(f"the pulses are not as they should be: {error}") from error


def _npy(array: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    npy.write_array(file, np.ascontiguousarray(array), version=(1, 0), allow_pickle=False)
    return file.getvalue()


def _column(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    """One column, its header checked before anything is made of it."""
    dtype = COLUMNS[name]
    limit = MAX_PULSES * dtype.itemsize + MAX_HEADER_BYTES
    with archive.open(f"{name}.npy") as member:
        file = io.BytesIO(member.read(limit + 1))
    if npy.read_magic(file) != (1, 0):
        raise TaskInputError(f"the column {name} of the pulses is of an unknown version")
    shape, _, found = npy.read_array_header_1_0(file, MAX_HEADER_BYTES)
    values = file.read()
    if found != dtype or len(shape) != 1 or shape[0] > MAX_PULSES or len(values) != shape[0] * dtype.itemsize:
        raise TaskInputError(f"the column {name} of the pulses is {shape} of {found}, not as many {dtype} as it says")
    if dtype == np.float64 and not np.isfinite(np.frombuffer(values)).all():
        raise TaskInputError(f"the column {name} of the pulses holds a number that is not finite")
    if name == "hlc" and np.frombuffer(values, np.uint8).max(initial=0) > 1:
        raise TaskInputError("the column hlc of the pulses holds more than true and false")
    return np.frombuffer(values, dtype)
