"""Reading what may be a realtime event from a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from skydriver.errors import EventLayoutError
from skydriver.events.limits import MAX_JSON_BYTES

if TYPE_CHECKING:
    from os import PathLike


def read_source(path: str | PathLike[str]) -> bytes:
    """The bytes of a file, not many more than the largest event has; an `EventLayoutError` if it cannot be read."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise EventLayoutError(str(path), f"cannot be read: {error.strerror}") from error
