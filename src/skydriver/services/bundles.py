"""The bundle that jobs fetch."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from skydriver.clusters.base import Bundle

if TYPE_CHECKING:
    from pathlib import Path


def known_bundle(path: Path) -> Bundle:
    """Its hash and size; an `OSError` where it cannot be read."""
    about = path.stat()
    return _read(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, _mtime_ns: int, n_bytes: int) -> Bundle:
    with path.open("rb") as file:
        return Bundle(hashlib.file_digest(file, "sha256").hexdigest(), n_bytes)
