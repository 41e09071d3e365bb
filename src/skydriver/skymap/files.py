"""Names and writing of result files."""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING

from skydriver.errors import ResultError
from skydriver.skymap.provenance import is_name

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from skydriver.skymap.skymap import EventIdentity


def product_name(event: EventIdentity, algorithm: str, nsides: Iterable[int], extension: str) -> str:
    """A product's file name: ``run%08d.evt%012d.ALGORITHM_8_64_512.EXTENSION``.

    Parameters
    ----------
    event
        Which event.
    algorithm
        Our own algorithm's name, so that nothing passes for somebody else's product.
    nsides
        Of the scan's progression, also while only the first of them are there.
    extension
        Without the dot in front, for example ``npz``.
    """
    if not is_name(algorithm):
        raise ResultError(f"{algorithm[:40]!r} is no name of an algorithm")
    scan = "_".join(map(str, (algorithm, *nsides)))
    return f"run{event.run_id:08d}.evt{event.event_id:012d}.{scan}.{extension}"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that others see the old one or the whole new one, never a part.

    Raises
    ------
    ResultError
        If the folder is missing, full or not writable; no part of the file is left behind.
    """
    draft = path.with_name(f".{path.name[:80]}.{secrets.token_hex(6)}.tmp")
    try:
        with draft.open("xb") as file:
            file.write(data)
        draft.replace(path)
    except OSError as error:
        raise ResultError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def is_there(path: Path) -> bool:
    """Whether there is a file of this name; not where the name is one that no file can have."""
    try:
        return path.exists()
    except OSError:
        return False


def read_whole(path: Path) -> bytes:
    """A file's bytes, a `ResultError` naming it if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ResultError(f"cannot read {path}: {error.strerror or error}") from error
