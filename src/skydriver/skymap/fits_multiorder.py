"""Multi-order FITS: a probability density in pixels of several sizes, as ligo.skymap, mhealpy and mocpy read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.skymap.fits_tables import map_table, to_bytes
from skydriver.skymap.multiorder import published

if TYPE_CHECKING:
    from skydriver.skymap.fits_header import Value
    from skydriver.skymap.publication import Publication


def to_multiorder_fits(publication: Publication) -> bytes:
    """The map's posterior over the whole sphere as UNIQ and density, sr^-1; 0 where nothing was scanned.

    The posterior is that with the systematic error in it if there is one (keyword SYSDENS), else the statistical one.
    """
    sky = published(publication)
    layout: dict[str, Value] = {
        "PIXTYPE": "HEALPIX",
        "ORDERING": "NUNIQ",
        "COORDSYS": "C",
        "MOCORDER": int(sky.nside.max()).bit_length() - 1,
        "INDXSCHM": "EXPLICIT",
    }
    columns = {"UNIQ": sky.uniq, "PROBDENSITY": sky.density_per_sr}
    return to_bytes(map_table(columns, layout, publication), publication)
