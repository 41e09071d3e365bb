"""What a worker on another machine is started with: a file of JSON beside its token, which nobody else can read."""

from __future__ import annotations

import os
import re
import ssl
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from skydriver.errors import TaskEnvironmentError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MAX_BYTES = 1_000_000
"""Of each file."""
SILENCE_S = 60.0
"""The service may be silent for so long, where the file does not say."""


class Start(NamedTuple):
    """What stands in the file."""

    url: str
    pool: str
    token: str
    """With which the worker gets one of its own."""
    tls: ssl.SSLContext | None
    """How it knows the service; None where the address is no https."""
    silence_s: float


def read_start(path: Path) -> Start:
    """What a start file says, with the files that it names beside it.

    Raises
    ------
    TaskEnvironmentError
        Naming the file, and what is wrong with it; never what it holds.
    """
    try:
        said = orjson.loads(_bytes(path))
    except orjson.JSONDecodeError:
        said = None
    if not isinstance(said, dict):
        raise TaskEnvironmentError(f"{path} is no JSON object")
    url, pool = _word(path, said, "url"), _word(path, said, "pool")
    token = _token(path.parent / _word(path, said, "token_file"))
    ca_file = None if said.get("ca_file") is None else path.parent / _word(path, said, "ca_file")
    silence_s = said.get("silence_s", SILENCE_S)
    if isinstance(silence_s, bool) or not isinstance(silence_s, int | float) or not silence_s > 0:
        raise TaskEnvironmentError(f"{path} has a silence_s that is no time")
    return Start(url, pool, token, tls_context(url, ca_file), float(silence_s))


def tls_context(url: str, ca_file: Path | None) -> ssl.SSLContext | None:
    """How the service at `url` is known: by `ca_file` (PEM) alone, or by what this machine trusts where that is None.

    Its certificate is always verified, and must be for the host of the address.
    """
    if not url.startswith("https://"):
        return None
    try:
        text = None if ca_file is None else _bytes(ca_file).decode("ascii")
        return ssl.create_default_context(cadata=text)
    except (ssl.SSLError, UnicodeDecodeError, ValueError) as error:
        raise TaskEnvironmentError(f"{ca_file} holds no certificates") from error


def _token(path: Path) -> str:
    token = _bytes(path, _check_private).decode("ascii", "replace").strip()
    if not re.fullmatch("[!-~]+", token):
        raise TaskEnvironmentError(f"{path} holds no token")
    return token


def _check_private(path: Path, found: os.stat_result) -> None:
    """A secret that others can read, or wrote, is none."""
    if found.st_uid != os.geteuid():
        raise TaskEnvironmentError(f"{path} belongs to another user, but it holds a secret")
    if found.st_mode & 0o077:
        raise TaskEnvironmentError(f"{path} can be read by others, but it holds a secret (chmod 600 {path.name})")


def _bytes(path: Path, check: Callable[[Path, os.stat_result], None] | None = None) -> bytes:
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_BYTES:
                raise TaskEnvironmentError(f"{path} is no file of the size that it should be")
            if check is not None:
                check(path, found)
            return file.read(MAX_BYTES)
    except OSError as error:
        raise TaskEnvironmentError(f"{path} cannot be read: {error.strerror or error}") from error


def _word(path: Path, said: dict[str, Any], name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not re.fullmatch("[!-~]+", text):
        raise TaskEnvironmentError(f"{path} has no {name}")
    return text
