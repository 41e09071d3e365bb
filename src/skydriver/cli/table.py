"""Rows in columns, for people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> Iterator[str]:
    """Lines of aligned cells, numbers to the right; nothing where there are no rows."""
    if not rows:
        return
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(headings, *texts, strict=True)]
    to_the_right = [all(isinstance(cell, int | float | None) for cell in column) for column in zip(*rows, strict=True)]
    for line in (headings, *texts):
        cells = zip(line, widths, to_the_right, strict=True)
        yield "  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells).rstrip()


def utc(timestamp: float) -> str:
    """A time, seconds since 1970, in UTC to the second."""
    return dt.datetime.fromtimestamp(timestamp, dt.UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(cell: object) -> str:
    return "-" if cell is None else str(cell)
