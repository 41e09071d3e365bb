"""A few columns of a FITS table, and nothing of the others."""

from __future__ import annotations

import os
import re
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import BinaryIO

_OF_DAMAGE = (ValueError, OSError, LookupError, TypeError, AttributeError, NameError, EOFError, ArithmeticError)
"""What astropy raises on files that are damaged in one way or another."""

_SINGLE = re.compile(r"1?[LBIJKED]|\d*A|[AIFED]\d+(\.\d+)?", re.ASCII)
"""Formats of columns, of binary tables and of those in ASCII, that hold one number or one text in a row."""


class Columns(NamedTuple):
    """Columns of a table, in the order asked for."""

    names: tuple[str, ...]
    units: tuple[str, ...]
    values: tuple[list[Any], ...]
    """Numbers or texts, a list for each."""


def read_table(file: BinaryIO, find: Callable[[Sequence[str]], tuple[int, ...]], max_rows: int) -> Columns:
    """Columns of the first table of a file that has them.

    Parameters
    ----------
    file
        Open; nothing is read from elsewhere.
    find
        From the names of a table's columns to the positions of those wanted; a ValueError says what is missing.
    max_rows
        A longer table is refused.

    Raises
    ------
    ValueError
        Saying what is wrong with the file.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AstropyWarning)  # about columns that nobody asked for
            with fits.open(file, memmap=False, lazy_load_hdus=True) as units:
                return _first_with(units, find, max_rows, os.fstat(file.fileno()).st_size)
    except (fits.VerifyError, *_OF_DAMAGE) as error:
        kind = "" if isinstance(error, ValueError) else f"{type(error).__name__}: "
        text = " ".join(str(error)[:200].split())
        raise ValueError(f"cannot be read as a FITS table: {kind}{text}") from error


def _first_with(
    units: fits.HDUList, find: Callable[[Sequence[str]], tuple[int, ...]], max_rows: int, n_bytes: int
) -> Columns:
    """The first table with all columns; the last error where none has them."""
    wrong = ValueError("it holds no table")
    for unit in units:
        if isinstance(unit, fits.BinTableHDU | fits.TableHDU):
            try:
                positions = find(unit.columns.names)
            except ValueError as error:
                wrong = error
                continue
            return _columns(unit, positions, max_rows, n_bytes)
    raise wrong


def _columns(table: fits.BinTableHDU | fits.TableHDU, positions: Sequence[int], max_rows: int, n_bytes: int) -> Columns:
    if table.header["NAXIS2"] > max_rows:
        raise ValueError(f"it has more than {max_rows} rows")
    if table.size > n_bytes:
        raise ValueError(f"its table is cut short: {table.size} bytes in a file of {n_bytes}")
    columns = [table.columns[position] for position in positions]
    for column in columns:
        if column.dim or not _SINGLE.fullmatch(str(column.format)):
            raise ValueError(f"column {column.name} has more than one value in a row")
    values = [np.asarray(table.data.field(position)) for position in positions]
    return Columns(
        tuple(column.name for column in columns),
        tuple(column.unit or "" for column in columns),
        tuple(found.tolist() for found in values),
    )
