"""Whether a map is one that products can be made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skydriver.errors import ResultError
from skydriver.skymap.coverage import covers_sky, without_ancestor

if TYPE_CHECKING:
    from skydriver.skymap.provenance import Provenance
    from skydriver.skymap.skymap import BestFit, SkyMap


def check_publishable(skymap: SkyMap, *, part_of_sky: bool = False) -> BestFit:
    """The best fit of a map, after checking that products can be made of it.

    Every map that a scan of ours writes passes, unless no pixel of it, or only one, has a value.

    Parameters
    ----------
    skymap
        The map.
    part_of_sky
        Whether it is known that only a part of the sky was scanned, for a map that does not say so itself.

    Raises
    ------
    ResultError
        Where the map has no value or only one, lacks its coarse stage, or contradicts its own provenance.
    """
    best = _best_of_several(skymap)
    if skymap.provenance is not None:
        _check_provenance(skymap, skymap.provenance)
    _check_coarse_stage(skymap, part_of_sky=part_of_sky)
    return best


def _best_of_several(skymap: SkyMap) -> BestFit:
    """The best fit of a map that has more values than one."""
    if skymap.n_pixels == 0:
        raise ResultError("the map is empty: it has no pixel")
    best = skymap.best_fit()
    if best is None:
        raise ResultError(f"the map has no best fit: the llh of all its pixels ({skymap.n_pixels}) is NaN")
    if sum(int(np.isfinite(rows["llh"]).sum()) for rows in skymap.stages.values()) == 1:
        raise ResultError(f"only one pixel of the map has a value, nside-{best.nside} pixel {best.pixel}")
    return best


def _check_coarse_stage(skymap: SkyMap, *, part_of_sky: bool) -> None:
    """Refuse a map whose coarsest stage is not what its finer ones were refined from."""
    coarse, *finer = skymap.stages
    pixel = skymap.stages[coarse]["index"]
    in_part = part_of_sky or skymap.partial or (skymap.provenance is not None and bool(skymap.provenance.region))
    if not in_part and not covers_sky(coarse, pixel):
        found = f"{len(pixel)} of {12 * coarse**2} pixels"
        raise ResultError(
            f"the coarsest stage, nside-{coarse}, does not cover the sky ({found}), "
            "and nothing says that only a part of it was scanned"
        )
    for nside in finer:
        lost = without_ancestor(nside, skymap.stages[nside]["index"], coarse, pixel)
        if lost.size:
            raise ResultError(f"nside-{nside} pixel {lost[0]} lies in no pixel of the coarsest stage, nside-{coarse}")


def _check_provenance(skymap: SkyMap, provenance: Provenance) -> None:
    """Refuse a map that another scan made than its provenance says."""
    planned = [nside for nside, _ in provenance.nsides]
    if unplanned := [nside for nside in skymap.stages if nside not in planned]:
        raise ResultError(f"the provenance says a scan of nsides {planned}, but the map has nside-{unplanned[0]}")
    if planned[0] not in skymap.stages:
        raise ResultError(f"the map lacks its coarse stage: the scan began with nside-{planned[0]}")
    _check_progress(skymap, provenance, planned)
    without_value = {
        (nside, pixel)
        for nside, rows in skymap.stages.items()
        for pixel in rows["index"][np.isnan(rows["llh"])].tolist()
    }
    for nside, pixel, _ in provenance.errors:
        if (nside, pixel) not in without_value:
            raise ResultError(f"the provenance says that nside-{nside} pixel {pixel} has no value, the map does not")


def _check_progress(skymap: SkyMap, provenance: Provenance, planned: list[int]) -> None:
    """Refuse a map that is further than its provenance, or less far.

    A scan goes on to its next stage when the one before is complete. Where it was interrupted before it had a pixel of
    the new one, all stages of the map are complete. A scan of a part of the sky may have no pixel in a later stage.
    """
    *before, last = skymap.stages
    unfinished = [nside for nside in before if not skymap.complete[nside]]
    if unfinished:
        raise ResultError(f"nside-{unfinished[0]} is not complete, but the map has nside-{last}")
    if not provenance.partial and not skymap.complete[last]:
        raise ResultError(f"the provenance says that the scan was finished, but nside-{last} is not complete")
    missing = [nside for nside in planned if nside not in skymap.stages]
    if missing and not provenance.partial and not provenance.region:
        raise ResultError(f"the provenance says that the scan was finished, but nside-{missing[0]} is missing")
