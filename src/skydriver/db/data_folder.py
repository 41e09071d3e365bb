"""The folder of everything that is kept: made for its owner alone, and of one service at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from skydriver.errors import SettingError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.config import Settings

NAME = "SKYDRIVER_DATA"
MOUNTS = Path("/proc/self/mountinfo")
OF_NETWORKS = frozenset({"9p", "afs", "cifs", "fuse.sshfs", "nfs", "nfs4", "smb3", "smbfs"})
"""File systems on which SQLite's locks and shared memory do not hold."""


@contextmanager
def open_data(settings: Settings) -> Iterator[Path]:
    """The folder, made if need be, and locked for as long as this process lives or the context is open.

    Raises
    ------
    SettingError
        If it cannot be made or written, or if SQLite would lie on a file system of a network.
    UnavailableError
        If another service works with it.
    """
    folder = settings.data.absolute()
    _make(folder)
    if settings.database_url is None and (kind := file_system(folder)) in OF_NETWORKS:
        problem = (
            f"{folder} lies on {kind}, where SQLite loses data: choose a local folder, or set SKYDRIVER_DATABASE_URL"
        )
        raise SettingError(NAME, problem)
    with _locked(folder):
        yield folder


def file_system(folder: Path) -> str | None:
    """The kind of file system that a folder lies on, for example ``ext4``; None where that cannot be known."""
    try:
        lines = MOUNTS.read_text().splitlines()
    except OSError:
        return None
    path = folder.resolve()
    found: tuple[int, str | None] = (0, None)
    for line in lines:
        place, _, kind = line.partition(" - ")
        point = Path(_plain(place.split()[4]))
        if path.is_relative_to(point) and len(point.parts) >= found[0]:
            found = len(point.parts), kind.split()[0]
    return found[1]


def _plain(text: str) -> str:
    r"""A name as it is, of one in which blanks are ``\040``."""
    for escape, letter in ((r"\040", " "), (r"\011", "\t"), (r"\012", "\n"), (r"\134", "\\")):
        text = text.replace(escape, letter)
    return text


def _make(folder: Path) -> None:
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise SettingError(NAME, f"the folder {folder} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise SettingError(NAME, f"the folder {folder} cannot be written")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock, which the system takes away when this process ends in whatever way."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SettingError(NAME, f"the folder {folder} cannot be written: {error.strerror}") from error
    try:
        _take(descriptor, folder)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, folder: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = os.pread(descriptor, 20, 0).decode().strip()
        raise UnavailableError(f"another service works with {folder}: process {pid or 'unknown'}") from error
    with suppress(OSError):  # the number helps whoever is refused; a full disk has no room for it
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
