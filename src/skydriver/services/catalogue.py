"""A user's catalogue of sources: a FITS table, or text with columns, of right ascension, declination and name."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.errors import SettingError
from skydriver.services.angles import angle_deg
from skydriver.skymap.publication import Direction

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

MAX_ROWS: Final = 2_000_000
MAX_BYTES: Final = 2**29
MAX_NAME: Final = 80
"""Characters of a source's name that are kept."""
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "right ascension": (
        "ra_deg", "radeg", "_raj2000", "raj2000", "ra_j2000", "ra_icrs", "_ra_icrs", "_ra", "ra", "right_ascension",
    ),
    "declination": (
        "dec_deg", "decdeg", "dedeg", "_dej2000", "dej2000", "decj2000", "dec_j2000", "de_icrs", "_de_icrs", "dec_icrs",
        "_de", "dec", "de", "declination",
    ),
    "name": ("source_name", "name", "main_id", "designation", "object", "objname", "source", "id", "source_id"),
}  # fmt: skip
"""Names of columns, in lower case; of several the first in this list counts."""
_FITS: Final = b"SIMPLE  ="
_DELIMITERS: Final = ",;\t|"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sources on the sky."""

    name: str
    """The file's, without its folder."""
    sources: tuple[Direction, ...]
    n_skipped: int
    """Rows that are left out because they have no direction."""


class _Column(NamedTuple):
    """A column of angles."""

    name: str
    unit: str
    is_ra: bool


class _Row(NamedTuple):
    """What a row says, as it stands there."""

    place: str
    ra: object
    dec: object
    name: object


def read_catalogue(path: Path) -> Catalogue:
    """Read a catalogue.

    FITS: the first table that has the columns; text: columns between commas, semicolons, tabs or bars below a line of
    names, lines that begin with ``#`` left out. Columns are found by their usual names (`COLUMNS`). Angles are degrees,
    or of the column's unit (in text ``ra [rad]``), or sexagesimal: right ascension in hours then.

    Raises
    ------
    SettingError
        Naming ``catalogue``, the file, and the column or the row that is at fault.
    """
    try:
        _check_file(path)
        with path.open("rb") as file:
            is_fits = file.read(len(_FITS)) == _FITS
            file.seek(0)
            return _catalogue(path, *(_of_fits(file) if is_fits else _of_text(file)))
    except OSError as error:
        raise SettingError("catalogue", f"{path} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SettingError("catalogue", f"{path}: {error}") from error


def _check_file(path: Path) -> None:
    """That it is a file, and not too large."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no regular file")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")


def _catalogue(path: Path, columns: tuple[_Column, _Column], rows: Iterable[_Row]) -> Catalogue:
    sources, n_skipped = [], 0
    for number, row in enumerate(rows):
        if number >= MAX_ROWS:
            raise ValueError(f"it has more than {MAX_ROWS} rows")
        ra, dec = (_angle(row.place, *pair) for pair in zip(columns, row[1:3], strict=True))
        if math.isnan(ra) or math.isnan(dec):
            n_skipped += 1
        else:
            sources.append(Direction(_clean(row.name) or f"({row.place})", ra, dec))
    return Catalogue(_clean(path.name), tuple(sources), n_skipped)


def _angle(place: str, column: _Column, value: object) -> float:
    """An angle in degrees, NaN where there is none; right ascension in [0, 360)."""
    try:
        angle = angle_deg(value, column.unit, is_ra=column.is_ra)
    except ValueError as error:
        raise ValueError(f"{place}, {column.name}: {error}") from error
    limit = 360.0 if column.is_ra else 90.0
    if abs(angle) > limit:
        raise ValueError(f"{place}, {column.name}: {angle:g} deg is not between -{limit:g} and {limit:g}")
    return angle % 360.0 % 360.0 if column.is_ra else angle


def _clean(name: object) -> str:
    """A name on one line, without what cannot be printed."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:MAX_NAME]


def _find(names: Sequence[str]) -> tuple[int, ...]:
    """Positions of the columns of right ascension, declination and name."""
    lower = [name.strip().lower() for name in names]
    found = {what: next((lower.index(name) for name in known if name in lower), -1) for what, known in COLUMNS.items()}
    for what, position in found.items():
        if position < 0:
            shown = ", ".join(map(_clean, names[:20]))
            raise ValueError(f"no column of {what} ({', '.join(COLUMNS[what][:4])} …) among {shown or 'none'}")
    return tuple(found.values())


def _of_text(file: BinaryIO) -> tuple[tuple[_Column, _Column], Iterator[_Row]]:
    """The columns and rows of a text."""
    lines = _lines(file)
    first, header = next(((number, line) for number, line in enumerate(lines, 1) if line), (1, ""))
    delimiter = max(_DELIMITERS, key=header.count)
    titles = [_split_title(title) for title in next(csv.reader([header], delimiter=delimiter), [])]
    ra, dec, name = _find([title for title, _ in titles])
    columns = _Column(*titles[ra], is_ra=True), _Column(*titles[dec], is_ra=False)
    return columns, _rows_of_text(csv.reader(lines, delimiter=delimiter), first, (ra, dec, name), len(titles))


def _rows_of_text(reader: Reader, n_before: int, positions: tuple[int, ...], n_columns: int) -> Iterator[_Row]:
    try:
        for cells in filter(None, reader):
            place = f"line {n_before + reader.line_num}"
            if len(cells) != n_columns:
                raise ValueError(f"{place} has {len(cells)} columns, not the {n_columns} that are named above")
            yield _Row(place, *(cells[position] for position in positions))
    except csv.Error as error:
        raise ValueError(f"line {n_before + reader.line_num}: {error}") from error


def _lines(file: BinaryIO) -> Iterator[str]:
    """All lines; comments and blanks become empty, so that lines can be counted."""
    for number, data in enumerate(file, 1):
        if b"\r" in data.rstrip(b"\r\n"):
            raise ValueError(f"line {number} has a carriage return in it: lines end with a line feed")
        try:
            line = data.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"it is no FITS table, and line {number} no UTF-8 text") from error
        yield "" if line.isspace() or line.startswith("#") else line


def _split_title(title: str) -> tuple[str, str]:
    """Name and unit of a title such as ``ra [deg]`` or ``ra (deg)``."""
    name, _, unit = title.strip().rstrip("])").replace("(", "[").partition("[")
    return name.strip(), unit.strip()


def _of_fits(file: BinaryIO) -> tuple[tuple[_Column, _Column], Iterator[_Row]]:
    """The columns and rows of the first table that has the columns; no other column is looked at."""
    from skydriver.services.fits_columns import read_table  # noqa: PLC0415 - astropy is slow to import

    table = read_table(file, _find, MAX_ROWS)
    (ra, dec, _), (ra_unit, dec_unit, _) = table.names, table.units
    places = (f"row {number}" for number in range(1, len(table.values[0]) + 1))
    rows = (_Row(place, *values) for place, *values in zip(places, *table.values, strict=True))
    return (_Column(ra, ra_unit, is_ra=True), _Column(dec, dec_unit, is_ra=False)), rows
