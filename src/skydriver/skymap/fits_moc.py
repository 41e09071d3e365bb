"""A region of a map as a multi-order coverage map (MOC), the IVOA's form of a part of the sky."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.errors import ResultError
from skydriver.skymap.fits_header import region_cards
from skydriver.skymap.fits_tables import describe, to_bytes
from skydriver.skymap.multiorder import nested_pixels

if TYPE_CHECKING:
    from skydriver.skymap.outline import Outline
    from skydriver.skymap.publication import Publication


def to_moc_fits(outline: Outline, publication: Publication) -> bytes:
    """The pixels of a region as a MOC, in the form of version 1 of the standard (NUNIQ), which all programs read.

    Raises
    ------
    ResultError
        Where no region of the map may be quoted.
    """
    if publication.quote is None:
        raise ResultError(f"no region of this map is published: {publication.why_not}")
    from mocpy import MOC  # noqa: PLC0415 (half a second)

    order = outline.nside.bit_length() - 1
    pixel = nested_pixels(outline.nside, outline.pixel).astype(np.uint64)
    moc = MOC.from_healpix_cells(pixel, np.full(len(pixel), order, np.uint8), max_depth=order)
    table = moc.serialize("fits", v1_compatible=True)[1]
    describe(table.header, publication, region_cards(outline))
    return to_bytes(table, publication)
