"""Bundles that jobs fetch from the service: known by their hashes, and fetched by a few at once."""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from skydriver.clusters.base import Bundle
from skydriver.errors import SettingError, UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
NAME: Final = "bundle"
_READING: Final = threading.Lock()


class Bundles:
    """The bundle that this service offers, and how many fetch it now. All but `offer` is of the event loop alone."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self.n_open = 0
        """Downloads under way."""

    def offer(self, path: Path | None) -> None:
        """Say which file jobs may fetch; None: none."""
        self._path = path

    def find(self, sha256: str) -> tuple[Path, Bundle]:
        """The file of that hash, as it is now.

        Raises
        ------
        UnknownError
            If there is none: no bundle is offered, or another one.
        """
        if self._path is not None:
            try:
                known = known_bundle(self._path)
            except SettingError:
                known = None
            if known is not None and known.sha256 == sha256:
                return self._path, known
        raise UnknownError("bundle: this service has none of that hash")

    @contextmanager
    def slot(self, most: int) -> Iterator[bool]:
        """A place among those that fetch at once; False where `most` do already."""
        if self.n_open >= most:
            yield False
            return
        self.n_open += 1
        try:
            yield True
        finally:
            self.n_open -= 1


def known_bundle(path: Path) -> Bundle:
    """What a bundle is known by; it is read once for each state of the file.

    Raises
    ------
    SettingError
        Naming ``bundle``, if it cannot be read.
    """
    try:
        now = path.stat()
        with _READING:  # many jobs may ask at once
            return _read(path, now.st_mtime_ns, now.st_size)
    except OSError as error:
        raise SettingError(NAME, f"{path} cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=4)
def _read(path: Path, _mtime_ns: int, n_bytes: int) -> Bundle:
    with path.open("rb") as file:
        return Bundle(hashlib.file_digest(file, "sha256").hexdigest(), n_bytes)
