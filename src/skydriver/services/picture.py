"""The picture of a scan: its map with what came with the event, and whether it may be used."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import hpgeom
import numpy as np

from skydriver.errors import ResultError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from skydriver.plots.lines import ContourLine, RegionLine
    from skydriver.plots.skymap import Summary
    from skydriver.services.verdict import Findings, Verdict
    from skydriver.skymap.provenance import Provenance


def draw(found: Findings, judged: Verdict) -> bytes:
    """The all-sky picture with a zoom, as PNG; a `ResultError` where the map has no best fit or no provenance."""
    from skydriver.plots.skymap import Marker, Overlay, Texts, draw_skymap  # noqa: PLC0415 - matplotlib loads slowly

    event, best, provenance = found.skymap.event, found.skymap.best_fit(), found.skymap.provenance
    if best is None or provenance is None:
        raise ResultError("a map without a best fit or of unknown provenance has no picture")
    kind = "real event" if event.is_real_event else "simulated event"
    picture = io.BytesIO()
    looks = [Marker(look.name, look.ra_deg, look.dec_deg) for look in found.looks]
    draw_skymap(
        picture,
        {nside: (rows["index"], rows["llh"]) for nside, rows in found.skymap.stages.items()},
        Overlay((best.ra_deg, best.dec_deg), _regions(found), looks),
        Texts(
            f"Run {event.run_id}, event {event.event_id} ({kind})",
            _subtitle(provenance, event.mjd),
            provenance.statement,
        ),
        summary=_summary(found, judged),
    )
    return picture.getvalue()


def _regions(found: Findings) -> list[RegionLine]:
    """The 90 % region, where it is what is quoted."""
    from skydriver.plots.lines import RegionLine  # noqa: PLC0415 - matplotlib loads slowly

    regions = found.regions
    if regions is None or found.headline.kind != "region":
        return []
    label = f"region with {regions.sigma_sys_deg:g}° ({regions.calibration})"
    return [RegionLine(label, "headline", 0.9, _edges(regions.region90.nside, regions.region90.pixel))]


def _edges(nside: int, pixels: NDArray[np.int64]) -> tuple[ContourLine, ...]:
    """The polygons around sets of pixels: sides that only one pixel has, joined end to end."""
    from skydriver.plots.lines import ContourLine  # noqa: PLC0415 - matplotlib loads slowly

    ra, dec = hpgeom.boundaries(nside, pixels, 1, nest=False, lonlat=True, degrees=True)
    corners = np.asarray(hpgeom.angle_to_vector(ra.ravel(), dec.ravel(), lonlat=True, degrees=True))
    _, first, name = np.unique(np.round(corners * 1e8), axis=0, return_index=True, return_inverse=True)
    corner = name.reshape(-1, 4)
    sides = set(zip(corner.ravel().tolist(), np.roll(corner, -1, axis=1).ravel().tolist(), strict=True))
    onward: dict[int, list[int]] = {}
    for begin, end in sides:
        if (end, begin) not in sides:
            onward.setdefault(begin, []).append(end)
    lines = []
    while onward:
        line = [next(iter(onward))]
        while ends := onward.get(line[-1]):
            line.append(ends.pop())
            if not ends:
                del onward[line[-2]]
        at = first[line[:-1]]
        lines.append(ContourLine(ra.ravel()[at], dec.ravel()[at]))
    return tuple(lines)


def _summary(found: Findings, judged: Verdict) -> Summary:
    """The verdict in words."""
    from skydriver.plots.skymap import Summary  # noqa: PLC0415 - matplotlib loads slowly

    label = "unknown" if found.topology is None else found.topology.label
    return Summary(judged.answer, label, found.headline.text, tuple(reason.text for reason in judged.reasons))


def _subtitle(provenance: Provenance, mjd: float) -> str:
    """How and when, and what the map does not show."""
    parts = [f"{provenance.algorithm} {provenance.algorithm_version}", f"MJD {mjd:.6f} UTC"]
    if provenance.region:
        parts.append("only " + ", ".join(f"{name} {text}" for name, text in provenance.region.items()))
    if provenance.partial:
        parts.append("PARTIAL: the scan was interrupted")
    return " · ".join(parts)
