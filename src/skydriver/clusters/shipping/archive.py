"""Archives that hold the same bytes whenever and by whomever they are written."""

from __future__ import annotations

import gzip
import os
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = 315_532_800
"""Of every file: 1980-01-01."""


def write_archive(folder: Path, path: Path, level: int = 6) -> int:
    """All files below `folder` as a ``tar.gz`` at `path`, which appears when it is whole; the sum of their bytes."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    n_bytes = 0
    try:
        with (
            part.open("wb") as file,
            gzip.GzipFile("", "wb", level, file, mtime=0) as packed,
            tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as archive,
        ):
            for found in sorted(folder.rglob("*"), key=lambda each: each.relative_to(folder).parts):
                n_bytes += _add(archive, found, str(found.relative_to(folder)))
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return n_bytes


def _add(archive: tarfile.TarFile, path: Path, name: str) -> int:
    entry = tarfile.TarInfo(name)
    entry.mtime = EPOCH
    if path.is_dir():
        entry.type, entry.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(entry)
        return 0
    with path.open("rb") as file:
        found = os.fstat(file.fileno())
        entry.size, entry.mode = found.st_size, 0o755 if found.st_mode & 0o100 else 0o644
        archive.addfile(entry, file)
    return entry.size
