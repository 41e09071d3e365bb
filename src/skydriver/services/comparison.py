"""Two maps, A and B, beside each other: where they differ, and whether they agree."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from skydriver.errors import ResultError, SettingError
from skydriver.skymap.cells import cells_of
from skydriver.skymap.columns import DTYPE
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.overlap import overlap
from skydriver.skymap.read import read_map
from skydriver.skymap.regions import WILKS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skydriver.skymap.cells import Cells
    from skydriver.skymap.skymap import BestFit, SkyMap

TOLERANCE = 1e-6
"""So much may the llh of equal scans differ between machines."""
LARGEST_LLH = 1e150
"""Differences of what is smaller can be squared."""


class Side(NamedTuple):
    """One of the two maps."""

    run_id: int
    event_id: int
    n_pixels: int
    """Over all stages."""
    best_fit: BestFit | None


class StageComparison(NamedTuple):
    """One nside of both maps."""

    nside: int
    n_both: int
    """Pixels that both maps have."""
    n_only_a: int
    n_only_b: int
    n_nan_only_a: int
    """Pixels of both that are NaN in A and have a value in B."""
    n_nan_only_b: int
    llh_largest: float | None
    """Largest absolute difference of llh; None where no pixel has a value in both."""
    rise_largest: float | None
    """Largest absolute difference of llh above each map's own minimum."""
    rise_rms: float | None
    """Root mean square of that difference."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two maps have in common, and what not."""

    maps: tuple[Side, Side]
    tolerance: float
    """Largest absolute difference of llh with which they agree."""
    offset_deg: float | None
    """From one best fit to the other; None where a map has none."""
    llh_offset: float | None
    """Minimum of B less that of A: the llh of different algorithms differ by a constant, which moves no region."""
    overlap90: float | None
    """Common area of the statistical 90 % regions, 2 delta-llh up to 4.61, as a fraction of both together."""
    stages: tuple[StageComparison, ...]

    @property
    def same_event(self) -> bool:
        """Whether run and event number are equal."""
        a, b = self.maps
        return (a.run_id, a.event_id) == (b.run_id, b.event_id)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the maps do not agree, the weightiest first; empty where they do.

        They agree if they are of the same event and have the same pixels, NaN in the same places, every llh within the
        tolerance, and the same best pixel.
        """
        return tuple(_reasons(self))

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "agree": not self.reasons,
            "reasons": list(self.reasons),
            "tolerance": self.tolerance,
            "same_event": self.same_event,
            "maps": [
                side._asdict() | {"best_fit": None if side.best_fit is None else side.best_fit._asdict()}
                for side in self.maps
            ],
            "offset_deg": self.offset_deg,
            "llh_offset": self.llh_offset,
            "overlap90": self.overlap90,
            "stages": [stage._asdict() for stage in self.stages],
        }


def compare_files(
    a: Path, b: Path, tolerance: float = TOLERANCE, *, flipped_a: bool = False, flipped_b: bool = False
) -> Comparison:
    """Compare two files, JSON or npz.

    Parameters
    ----------
    a, b
        The files.
    tolerance
        Largest absolute difference of llh with which they agree.
    flipped_a, flipped_b
        Whether the map has its declination upside down, as public ones made before 2023.

    Raises
    ------
    SettingError
        Naming ``tolerance`` or ``flipped_declination``.
    ResultError
        Where a file holds no map, naming it, or one that cannot be compared.
    """
    _check_tolerance(tolerance)
    first = read_map(a, flipped_declination=flipped_a)
    return compare(first, read_map(b, flipped_declination=flipped_b), tolerance)


def compare(a: SkyMap, b: SkyMap, tolerance: float = TOLERANCE) -> Comparison:
    """Compare two maps; parameters and errors as of `compare_files`."""
    _check_tolerance(tolerance)
    _check_sizes(a, b)
    maps = _side(a), _side(b)
    offset_deg = llh_offset = shared = None
    if (best_a := maps[0].best_fit) and (best_b := maps[1].best_fit):
        offset_deg = separation_deg(best_a.ra_deg, best_a.dec_deg, best_b.ra_deg, best_b.dec_deg)
        llh_offset = best_b.llh - best_a.llh
        shared = overlap(_wilks_cells(a), _wilks_cells(b))
    stages = tuple(_stage(nside, a, b, llh_offset or 0.0) for nside in sorted({*a.stages, *b.stages}))
    return Comparison(maps, tolerance, offset_deg, llh_offset, shared, stages)


def _check_tolerance(tolerance: float) -> None:
    if not (math.isfinite(tolerance) and tolerance >= 0.0):
        raise SettingError("tolerance", f"{tolerance} is not a number that is 0 or more")


def _check_sizes(*maps: SkyMap) -> None:
    """Refuse numbers that cannot be subtracted and squared."""
    for skymap in maps:
        for nside, rows in skymap.stages.items():
            if (large := np.abs(rows["llh"]) >= LARGEST_LLH).any():
                raise ResultError(f"nside-{nside}: an llh of {rows['llh'][large][0]:g} is too large to be compared")


def _side(skymap: SkyMap) -> Side:
    return Side(skymap.event.run_id, skymap.event.event_id, skymap.n_pixels, skymap.best_fit())


def _wilks_cells(skymap: SkyMap) -> Cells:
    """The statistical 90 % region."""
    cells = cells_of(skymap)
    return cells.select(2.0 * (cells.llh - cells.llh.min()) <= WILKS[0.9])


def _stage(nside: int, a: SkyMap, b: SkyMap, llh_offset: float) -> StageComparison:
    rows_a, rows_b = (skymap.stages.get(nside, np.zeros(0, DTYPE)) for skymap in (a, b))
    pixel, in_a, in_b = np.intersect1d(rows_a["index"], rows_b["index"], assume_unique=True, return_indices=True)
    llh_a, llh_b = rows_a["llh"][in_a], rows_b["llh"][in_b]
    nan_a, nan_b = np.isnan(llh_a), np.isnan(llh_b)
    difference = (llh_b - llh_a)[~(nan_a | nan_b)]
    rise = difference - llh_offset
    return StageComparison(
        nside=nside,
        n_both=len(pixel),
        n_only_a=len(rows_a) - len(pixel),
        n_only_b=len(rows_b) - len(pixel),
        n_nan_only_a=int((nan_a & ~nan_b).sum()),
        n_nan_only_b=int((nan_b & ~nan_a).sum()),
        llh_largest=float(np.abs(difference).max()) if difference.size else None,
        rise_largest=float(np.abs(rise).max()) if rise.size else None,
        rise_rms=float(np.sqrt(np.mean(rise**2))) if rise.size else None,
    )


def _reasons(comparison: Comparison) -> Iterator[str]:
    a, b = comparison.maps
    if not comparison.same_event:
        yield f"A is of run {a.run_id} event {a.event_id}, B of run {b.run_id} event {b.event_id}"
    for stage in comparison.stages:
        if stage.n_only_a or stage.n_only_b:
            yield f"nside-{stage.nside}: {stage.n_only_a} pixels only in A, {stage.n_only_b} only in B"
        if stage.n_nan_only_a or stage.n_nan_only_b:
            yield f"nside-{stage.nside}: {stage.n_nan_only_a} pixels NaN only in A, {stage.n_nan_only_b} only in B"
        if stage.llh_largest is not None and stage.llh_largest > comparison.tolerance:
            yield f"nside-{stage.nside}: llh differs by up to {stage.llh_largest:.3g}"
    if (found_a := _pixel_text(a.best_fit)) != (found_b := _pixel_text(b.best_fit)):
        yield f"the best fit of A is {found_a}, of B {found_b}"


def _pixel_text(best: BestFit | None) -> str:
    return "none" if best is None else f"nside-{best.nside} pixel {best.pixel}"
