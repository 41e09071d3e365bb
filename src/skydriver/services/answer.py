"""The answer to a scan, as plain objects: the keys of ``skydriver scan --json`` and of the summary beside the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skydriver.skymap.offsets import offsets

if TYPE_CHECKING:
    from skydriver.services.verdict import Findings, Verdict

MEASURES = ("spread_deg", "envelope_area_deg2", "envelope_radius_deg")
"""What variants say together of the size of an error or a region."""
UNKNOWN_TOPOLOGY: dict[str, Any] = {"label": "unknown", "fit_quality": None, "evidence": []}


def answer(found: Findings, judged: Verdict) -> dict[str, Any]:
    """What was found and whether it may be used: nothing here differs between equal scans.

    Regions are told only where one is quoted: there is no area or error of an event that the map is unfit for.
    """
    regions = found.regions if found.headline.kind == "region" else None
    return {
        **_identity(found),
        **_map(found),
        "first_looks": [look._asdict() for look in found.looks],
        "event_stated": dict(found.stated),
        "topology": UNKNOWN_TOPOLOGY if found.topology is None else found.topology.as_dict(),
        "headline": found.headline.as_dict(),
        "posterior": None if regions is None else regions.as_dict(),
        "wilks": None if regions is None else regions.wilks_as_dict(),
        "systematics": _systematics(found),
        "verdict": judged.as_dict(),
    }


def _systematics(found: Findings) -> dict[str, Any] | None:
    """What came of the variants; without areas and errors where no region is quoted."""
    if found.systematics is None:
        return None
    told = found.systematics.as_dict()
    if found.headline.kind == "region":
        return told
    variants = [variant | {"area_deg2": None} for variant in told["variants"]]
    return told | {"variants": variants} | dict.fromkeys(MEASURES)


def _identity(found: Findings) -> dict[str, Any]:
    event, provenance = found.skymap.event, found.skymap.provenance
    return {
        "run_id": event.run_id,
        "event_id": event.event_id,
        "mjd": event.mjd,
        "is_real_event": event.is_real_event,
        "algorithm": provenance.algorithm if provenance else "",
        "statement": provenance.statement if provenance else "",
        "region": dict(provenance.region) if provenance else {},
        "partial": found.skymap.partial,
        "interrupted": found.interrupted,
        "not_reproducible": list(provenance.not_reproducible) if provenance else [],
    }


def _map(found: Findings) -> dict[str, Any]:
    skymap, best = found.skymap, found.skymap.best_fit()
    places = [(look.name, look.ra_deg, look.dec_deg) for look in found.looks]
    return {
        "best_fit": None if best is None else best._asdict(),
        "offsets": [] if best is None else [{"seed": name, "deg": deg} for name, deg in offsets(best, places)],
        "n_pixels": skymap.n_pixels,
        "n_failed": len(skymap.provenance.errors) if skymap.provenance else 0,
    }
