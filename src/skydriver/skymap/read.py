"""Reading a map from a file, whoever wrote it and whatever it is called."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import hpgeom

from skydriver.errors import ResultError, SettingError
from skydriver.skymap.cells import centres_deg
from skydriver.skymap.files import read_whole
from skydriver.skymap.json_format import from_json, provenance_beside
from skydriver.skymap.npz_format import from_npz

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.skymap.columns import Rows
    from skydriver.skymap.skymap import SkyMap

_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""How zip files begin, which npz files are; the second is an empty one."""
_FITS: Final = b"SIMPLE  ="


def read_map(path: Path, *, flipped_declination: bool = False) -> SkyMap:
    """Read a map of ours or of skyreader's, JSON or npz; the content decides, not the name.

    A map in JSON gets the provenance that lies beside it, ``NAME.provenance.json``, if there is one.

    Parameters
    ----------
    path
        The file.
    flipped_declination
        Whether the map has its declination upside down, as public ones made before 2023 (theta = pi/2 + dec).

    Raises
    ------
    ResultError
        Naming the file, if it holds no map.
    SettingError
        Naming ``flipped_declination``, for a map with SkyDriver's own provenance, which never is.
    """
    data = read_whole(path)
    try:
        skymap = _decoded(path, data)
    except ResultError as error:
        raise ResultError(f"{path}: {error}") from error
    if not flipped_declination:
        return skymap
    if skymap.provenance is not None:
        raise SettingError("flipped_declination", f"{path} was made by SkyDriver, whose maps never are")
    return mirrored(skymap)


def mirrored(skymap: SkyMap) -> SkyMap:
    """The map with north and south exchanged: each pixel moves to the one at minus its declination."""
    return replace(skymap, stages={nside: _mirrored(nside, rows) for nside, rows in skymap.stages.items()})


def _decoded(path: Path, data: bytes) -> SkyMap:
    if data.startswith(_ZIP):
        return from_npz(data)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return from_json(data, provenance_beside(path))
    raise ResultError(f"neither a map in JSON nor in npz, but {_what(data)}")


def _what(data: bytes) -> str:
    """What a file that holds no map is."""
    if data.startswith(_FITS):
        return "FITS"
    return "something else" if data else "empty"


def _mirrored(nside: int, rows: Rows) -> Rows:
    copy = rows.copy()
    ra, dec = centres_deg(nside, rows["index"])
    copy["index"] = hpgeom.angle_to_pixel(nside, ra, -dec, nest=False)
    return copy
