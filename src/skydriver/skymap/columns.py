"""The columns of a sky map and of its FITS files, declared once: formats and documents come from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray


class Column(NamedTuple):
    """One column."""

    name: str
    dtype: type[np.int64 | np.float64 | np.float32 | np.str_]
    unit: str
    """Empty for a pure number."""
    meaning: str
    since: int = 0
    """The first of skyreader's versions of the columns that has it."""


COLUMNS = (
    Column("index", np.int64, "", "RING HEALPix pixel in equatorial coordinates (phi = RA, theta = pi/2 - dec)"),
    Column("llh", np.float64, "", "negative log-likelihood at the pixel's minimum; NaN where every fit failed"),
    Column("E_in", np.float64, "GeV", "energy at the detector's edge; NaN where the algorithm fits none"),
    Column("E_tot", np.float64, "GeV", "total deposited energy; NaN where the algorithm fits none"),
    Column("X", np.float64, "m", "vertex, detector coordinates", since=1),
    Column("Y", np.float64, "m", "vertex, detector coordinates", since=1),
    Column("Z", np.float64, "m", "vertex, detector coordinates", since=1),
    Column("T", np.float64, "ns", "time at the vertex, after the event's start", since=1),
)
FITS_COLUMNS = (
    Column("UNIQ", np.int64, "", "multi-order: NESTED HEALPix pixel + 4 nside², ICRS"),
    Column("PROBDENSITY", np.float64, "sr-1", "multi-order: probability density; the integral over the sphere is 1"),
    Column("PROBABILITY", np.float64, "pix-1", "flat: probability of the pixel; the sum is 1"),
    Column(
        "TWODLLH",
        np.float32,
        "",
        "flat: 2 (llh - lowest llh) of the finest pixel scanned there, of several in one pixel the lowest; statistical "
        "only; HEALPix's UNSEEN, -1.6375e30, where nothing is known",
    ),
    Column("NAME", np.str_, "", "provenance: name of the setting, table or number"),
    Column("VALUE", np.str_, "", "provenance: its value as JSON"),
)
"""Those of FITS files."""
NAMES = tuple(column.name for column in COLUMNS)
VERSION = max(column.since for column in COLUMNS)
"""The version that is written: all columns."""
DTYPES = {
    version: np.dtype([(column.name, column.dtype) for column in COLUMNS if column.since <= version])
    for version in range(VERSION + 1)
}
"""A row in each version of the columns."""
DTYPE = DTYPES[VERSION]

Rows = np.ndarray[tuple[Any, ...], np.dtype[np.void]]
"""A structured array of `DTYPE`, shape (n,)."""


def rows_from(values: Iterable[tuple[float, ...]]) -> Rows:
    """Rows sorted by index, from tuples in the order of `COLUMNS`.

    What is infinite or any kind of NaN becomes the one NaN, so that equal rows are equal bytes.
    """
    return clean(np.array(list(values), dtype=DTYPE))


def widened(rows: Rows) -> Rows:
    """A copy of rows in any of `DTYPES` as rows of `DTYPE`; a column that their version lacks is NaN."""
    wide = np.zeros(rows.shape, DTYPE)
    for name in NAMES:
        wide[name] = rows[name] if name in (rows.dtype.names or ()) else np.nan
    return wide


def clean(rows: Rows) -> Rows:
    """A copy of `rows`, sorted by index, with every value that is not finite replaced by the one NaN."""
    copy = rows[np.argsort(rows["index"], kind="stable")]
    for column in COLUMNS:
        if column.dtype is np.float64:
            values: NDArray[np.float64] = copy[column.name]
            values[~np.isfinite(values)] = np.nan
    return copy
