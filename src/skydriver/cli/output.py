"""Writing to standard output and standard error, which may be closed, full or unable to hold a letter."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

import typer

from skydriver.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def accept_all_letters() -> None:
    """Escape what the terminal's encoding lacks, such as bytes of a file's name that are no text."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def put(lines: Iterable[str]) -> None:
    """Print an answer; a `ResultError` says why it cannot be printed."""
    try:
        for line in lines:
            typer.echo(line)
    except OSError as error:
        _silence(1)
        raise ResultError(f"cannot write to standard output: {error.strerror}") from error


def put_json(content: Mapping[str, object]) -> None:
    """Print one JSON object."""
    import json

    put([json.dumps(content, indent=1, allow_nan=False)])


def complain(line: str) -> None:
    """Print a line on standard error; nobody can be told where that fails."""
    try:
        typer.echo(line, err=True)
    except OSError:
        _silence(2)


def one_line(text: str) -> str:
    """A text whose control characters, which may come from a file's name, are escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _silence(number: int) -> None:
    """Drop what a stream still holds, so that the interpreter does not fail on it again at its end."""
    with contextlib.suppress(OSError), open(os.devnull, "wb") as nothing:  # noqa: PTH123 - no path of ours
        os.dup2(nothing.fileno(), number)
