"""The picture of a scan: its map with what came with the event, and whether it may be used."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from skydriver.errors import ResultError

if TYPE_CHECKING:
    from skydriver.plots.skymap import Outline, Summary
    from skydriver.services.verdict import Findings, Verdict
    from skydriver.skymap.provenance import Provenance


def draw(found: Findings, judged: Verdict) -> bytes:
    """The all-sky picture with a zoom, as PNG; a `ResultError` where the map has no best fit or no provenance."""
    from skydriver.plots.skymap import Marker, draw_skymap  # noqa: PLC0415 - matplotlib loads slowly

    event, best, provenance = found.skymap.event, found.skymap.best_fit(), found.skymap.provenance
    if best is None or provenance is None:
        raise ResultError("a map without a best fit or of unknown provenance has no picture")
    kind = "real event" if event.is_real_event else "simulated event"
    picture = io.BytesIO()
    draw_skymap(
        picture,
        {nside: (rows["index"], rows["llh"]) for nside, rows in found.skymap.stages.items()},
        (best.ra_deg, best.dec_deg),
        title=f"Run {event.run_id}, event {event.event_id} ({kind})",
        subtitle=_subtitle(provenance, event.mjd),
        markers=[Marker(look.name, look.ra_deg, look.dec_deg) for look in found.looks],
        outline=_outline(found),
        summary=_summary(found, judged),
        footer=provenance.statement,
    )
    return picture.getvalue()


def _outline(found: Findings) -> Outline | None:
    """The 90 % region, where it is what is quoted."""
    from skydriver.plots.skymap import Outline  # noqa: PLC0415 - matplotlib loads slowly

    regions = found.regions
    if regions is None or found.headline.kind != "region":
        return None
    label = f"90 % region with {regions.sigma_sys_deg:g}° ({regions.calibration})"
    return Outline(regions.region90.nside, regions.region90.pixel, label)


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
