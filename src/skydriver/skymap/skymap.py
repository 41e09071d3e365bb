"""The sky map: what a scan found, where, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import hpgeom
import numpy as np

from skydriver.errors import ResultError
from skydriver.skymap.columns import DTYPE, Rows, clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from skydriver.skymap.provenance import Provenance

MAX_NSIDE = 2**29
MAX_MJD = 1e7
REAL_RUN_IDS = range(100_000, 1_000_000)
"""Run ids that a real event can have."""


@dataclass(frozen=True, slots=True)
class EventIdentity:
    """Which event a map is of.

    Raises
    ------
    ResultError
        Where a number cannot be an id, or a real event has a run id that real events cannot have.
    """

    run_id: int
    event_id: int
    event_type: str
    """For example the alert stream; empty where unknown."""
    mjd: float
    """Start of the event, UTC; NaN where unknown."""
    is_real_event: bool

    def __post_init__(self) -> None:
        """Check the ids and the time."""
        for name in ("run_id", "event_id"):
            if not 0 <= getattr(self, name) < 2**63:
                raise ResultError(f"{name} {getattr(self, name)} is not between 0 and 2^63")
        if abs(self.mjd) >= MAX_MJD:
            raise ResultError("mjd is no Modified Julian Date")
        object.__setattr__(self, "mjd", float(self.mjd))
        if self.is_real_event and self.run_id not in REAL_RUN_IDS:
            raise ResultError(
                f"run_id {self.run_id} of a real event is not in [{REAL_RUN_IDS.start}, {REAL_RUN_IDS.stop})"
            )


class BestFit(NamedTuple):
    """The pixel of lowest negative log-likelihood."""

    ra_deg: float
    """Right ascension of the pixel's centre, in [0, 360)."""
    dec_deg: float
    llh: float
    nside: int
    pixel: int


@dataclass(frozen=True, slots=True, eq=False)
class SkyMap:
    """An immutable sky map.

    Rows are copied, sorted by pixel and made read-only; infinite values become NaN. Stages without a row are left out.

    Raises
    ------
    ResultError
        Where a stage is not one, naming it.
    """

    stages: Mapping[int, Rows]
    """By nside, coarse to fine: one row of `columns.DTYPE` for each finished pixel."""
    complete: Mapping[int, bool]
    """By nside: whether no pixel that the scan wants of the stage is missing and none may change."""
    event: EventIdentity
    provenance: Provenance | None
    """None for a map that came without, from elsewhere."""

    def __post_init__(self) -> None:
        """Check and freeze."""
        stages = {nside: _frozen(nside, self.stages[nside]) for nside in sorted(self.stages) if self.stages[nside].size}
        if missing := set(stages) - set(self.complete):
            raise ResultError(f"nside {min(missing)} is not said to be complete or not")
        object.__setattr__(self, "stages", MappingProxyType(stages))
        object.__setattr__(self, "complete", MappingProxyType({n: bool(self.complete[n]) for n in stages}))

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same; NaN equals NaN here."""
        if not isinstance(other, SkyMap):
            return NotImplemented
        about = [repr((m.event, dict(m.complete), m.provenance)) for m in (self, other)]
        return about[0] == about[1] and all(self.stages[n].tobytes() == other.stages[n].tobytes() for n in self.stages)

    def __hash__(self) -> int:
        return hash(tuple((nside, rows.tobytes()) for nside, rows in self.stages.items()))

    @property
    def n_pixels(self) -> int:
        """Number of finished pixels over all stages."""
        return sum(len(rows) for rows in self.stages.values())

    @property
    def partial(self) -> bool:
        """Whether any stage is unfinished, or the scan that made it was."""
        stopped = self.provenance is not None and self.provenance.partial
        return stopped or not all(self.complete.values())

    def best_fit(self) -> BestFit | None:
        """The lowest llh over all stages, ties to the finer stage, then to the lower pixel; None if all are NaN."""
        best: BestFit | None = None
        for nside, rows in self.stages.items():
            row = _lowest(rows)
            if row is not None and (best is None or rows["llh"][row] <= best.llh):
                best = _best_fit(nside, rows, row)
        return best

    def plot_arrays(self, nside: int) -> tuple[NDArray[np.int64], np.ma.MaskedArray[tuple[int], np.dtype[np.float64]]]:
        """Pixels (n,) and llh (n,) of one stage, llh masked where it is NaN."""
        rows = self.stages[nside]
        return rows["index"], np.ma.masked_invalid(rows["llh"])


def _frozen(nside: int, rows: Rows) -> Rows:
    """A checked, sorted, read-only copy of one stage."""
    if not 1 <= nside <= MAX_NSIDE or nside & (nside - 1):
        raise ResultError(f"nside {nside} is not a power of two up to 2^29")
    if rows.dtype != DTYPE or rows.ndim != 1:
        raise ResultError(f"nside-{nside}: the columns are {rows.dtype.names}, of {rows.dtype}, not those of a sky map")
    copy = clean(rows)
    index = copy["index"]
    if index[0] < 0 or index[-1] >= 12 * nside**2:
        raise ResultError(f"nside-{nside}: a pixel index is not between 0 and {12 * nside**2 - 1}")
    if np.any(repeated := index[1:] == index[:-1]):
        raise ResultError(f"nside-{nside}: pixel {index[1:][repeated][0]} is there twice")
    copy.setflags(write=False)
    return copy


def _lowest(rows: Rows) -> int | None:
    """Position of the first row of lowest llh, None if all are NaN."""
    llh = rows["llh"]
    return None if np.all(np.isnan(llh)) else int(np.nanargmin(llh))


def _best_fit(nside: int, rows: Rows, row: int) -> BestFit:
    """The best fit in a row; on the equator its declination has no minus."""
    pixel = int(rows["index"][row])
    ra, dec = hpgeom.pixel_to_angle(nside, pixel, nest=False, lonlat=True, degrees=True)
    return BestFit(float(ra), float(dec) + 0.0, float(rows["llh"][row]), nside, pixel)
