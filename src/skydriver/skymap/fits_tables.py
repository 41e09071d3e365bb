"""FITS tables with the headers of a map; every file has its provenance as a second table."""

from __future__ import annotations

import io
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from astropy.io import fits

from skydriver.skymap.columns import FITS_COLUMNS
from skydriver.skymap.fits_header import LAYOUT, Card, ascii_text, cards

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from skydriver.skymap.fits_header import Value
    from skydriver.skymap.provenance import Provenance
    from skydriver.skymap.publication import Publication

_LETTERS: Final = {np.int64: "K", np.float64: "D", np.float32: "E"}
_UNITS: Final = {column.name: column.unit for column in FITS_COLUMNS}
_CARD: Final = 80
_TEXT: Final = 72
"""Letters of a card of comment."""
_WIDEST: Final = 1000
"""Letters of a value in one row."""


def map_table(
    columns: Mapping[str, NDArray[Any]], layout: Mapping[str, Value], publication: Publication
) -> fits.BinTableHDU:
    """A table of a map.

    Parameters
    ----------
    columns
        Values of each column by its name in `columns.FITS_COLUMNS`; with a second axis several stand in one row.
    layout
        Value of each keyword of `fits_header.LAYOUT` that says how pixels are stored.
    publication
        What the header tells.
    """
    hdu = fits.BinTableHDU.from_columns([_column(name, values) for name, values in columns.items()])
    append_cards(hdu.header, [Card(name, value, LAYOUT[name]) for name, value in layout.items()])
    describe(hdu.header, publication)
    return hdu


def describe(header: fits.Header, publication: Publication, more: Iterable[Card] = ()) -> None:
    """Add what is to be said of a map to a header: its keywords, `more`, and the statement as comment."""
    append_cards(header, [*cards(publication), *more])
    for line in textwrap.wrap(ascii_text(publication.statement), _TEXT, break_on_hyphens=False):
        header.add_comment(line)


def append_cards(header: fits.Header, added: Iterable[Card]) -> None:
    """Add lines to a header; a comment that has no room beside a text is left out."""
    for name, value, comment in added:
        text = f"{name:8}= {fits.Card(name, value).image[10:].rstrip()}"
        fits_in = len(text) > _CARD or len(f"{text:30} / {comment}") <= _CARD
        header.append(fits.Card(name, value, comment if fits_in else ""), end=True)


def to_bytes(table: fits.BinTableHDU, publication: Publication) -> bytes:
    """A file of a table, with the map's provenance in another; the same bytes for the same contents."""
    hdus = [fits.PrimaryHDU(), table]
    if publication.skymap.provenance is not None:
        hdus.append(_provenance_table(publication.skymap.provenance))
    file = io.BytesIO()
    fits.HDUList(hdus).writeto(file)
    return file.getvalue()


def _column(name: str, values: NDArray[Any]) -> fits.Column:
    count = "" if values.ndim == 1 else str(values.shape[1])
    return fits.Column(name, f"{count}{_LETTERS[values.dtype.type]}", unit=_UNITS[name] or None, array=values)


def _provenance_table(provenance: Provenance) -> fits.BinTableHDU:
    """A row for each field of the provenance's JSON form; a value too long for one goes on in the next of that name."""
    document = json.loads(provenance.to_json())
    rows = [(name, part) for name, value in document.items() for part in _parts(json.dumps(value))]
    columns = [
        fits.Column(name, f"{max(map(len, texts))}A", array=np.array(texts))
        for name, texts in zip(("NAME", "VALUE"), zip(*rows, strict=True), strict=True)
    ]
    return fits.BinTableHDU.from_columns(columns, name="PROVENANCE")


def _parts(text: str) -> list[str]:
    """Text in parts none of which ends with a space: FITS does not keep those."""
    return re.findall(rf".{{0,{_WIDEST - 1}}}\S", text)
