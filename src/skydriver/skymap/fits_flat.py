"""Flat HEALPix FITS: a probability for each pixel of one size, as healpy reads it."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from skydriver.errors import SettingError
from skydriver.skymap.fits_tables import map_table, to_bytes
from skydriver.skymap.multiorder import nested_pixels, published, ring_ordered

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.fits_header import Value
    from skydriver.skymap.publication import Publication

UNSEEN: Final = np.float32(-1.6375e30)
"""HEALPix's number for a pixel that is not known."""
MAX_NSIDE: Final = 4096
"""201 million pixels: 2.4 GB before compression."""
MAX_DEFAULT_NSIDE: Final = 512
_LARGEST: Final = 1e38
"""Twice as much still is a number of 32 bits."""
_PER_ROW: Final = 1024
"""Values in a row of the table, as HEALPix's own programs write them."""
_LEVEL: Final = 6
"""Of compression: higher ones take three times as long for a few percent."""


def to_flat_fits(publication: Publication, *, nested: bool = False, nside: int | None = None) -> bytes:
    """The map's posterior and its 2 delta-llh in all pixels of one nside, compressed with gzip.

    Parameters
    ----------
    publication
        The map; its posterior is chosen as in `skydriver.skymap.multiorder.published`.
    nested
        Whether pixels stand in NESTED order instead of RING.
    nside
        A power of two up to 4096. Without it that of the posterior or of the map's finest stage, whichever is finer,
        but no more than 512: a reader unpacks 12 bytes for each of 3 million pixels, and four times as many for each
        doubling; the multi-order file holds what is finer.

    Raises
    ------
    SettingError
        Naming ``nside``.
    """
    sky = published(publication)
    if nside is None:
        nside = min(MAX_DEFAULT_NSIDE, int(max(sky.nside.max(), *publication.skymap.stages)))
    if not 1 <= nside <= MAX_NSIDE or nside & (nside - 1):
        raise SettingError("nside", f"{nside} is not a power of two from 1 to {MAX_NSIDE}")
    twice = two_delta_llh(publication.cells, nside)
    columns = {
        "PROBABILITY": _in_rows(sky.flat(nside, nested=nested)),
        "TWODLLH": _in_rows(twice if nested else ring_ordered(twice, nside)),
    }
    table = map_table(columns, _layout(nside, nested=nested), publication)
    return gzip.compress(to_bytes(table, publication), _LEVEL, mtime=0)


def two_delta_llh(cells: Cells, nside: int) -> NDArray[np.float32]:
    """2 (llh - lowest llh) of the lowest cell in each pixel, `UNSEEN` where none is; shape (12 nside²,), NESTED."""
    lowest = np.full(12 * nside**2, np.inf, np.float32)
    for size in np.unique(cells.nside).tolist():
        here = cells.nside == size
        pixel = nested_pixels(size, cells.pixel[here])
        value = 2.0 * np.minimum(cells.llh[here] - cells.llh.min(), _LARGEST).astype(np.float32)
        if size <= nside:
            lowest.reshape(12 * size**2, -1)[pixel] = value[:, np.newaxis]
        else:
            np.minimum.at(lowest, pixel // (size // nside) ** 2, value)
    lowest[np.isinf(lowest)] = UNSEEN
    return lowest


def _layout(nside: int, *, nested: bool) -> dict[str, Value]:
    return {
        "PIXTYPE": "HEALPIX",
        "ORDERING": "NESTED" if nested else "RING",
        "COORDSYS": "C",
        "NSIDE": nside,
        "FIRSTPIX": 0,
        "LASTPIX": 12 * nside**2 - 1,
        "INDXSCHM": "IMPLICIT",
        "BAD_DATA": float(UNSEEN),
    }


def _in_rows(values: NDArray[Any]) -> NDArray[Any]:
    """Values in rows where there are enough: faster to write, and smaller compressed, than one to a row."""
    return values if len(values) % _PER_ROW else values.reshape(-1, _PER_ROW)
