"""The pictures of a map, from what may be published of it."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from skydriver.detector.coordinates import icrs_to_local
from skydriver.detector.geometry import dom_index, dom_positions
from skydriver.errors import ResultError, SettingError
from skydriver.events.selection import Selection, select
from skydriver.plots.all_sky_picture import draw_all_sky_picture
from skydriver.plots.event_picture import Hits, Track, draw_event_picture
from skydriver.plots.lines import ContourLine, RegionLine
from skydriver.plots.overlay import Marker, Overlay
from skydriver.plots.page import Texts
from skydriver.plots.skymap import Summary, draw_skymap
from skydriver.plots.zoom_picture import draw_zoom_picture
from skydriver.recos.registry import find_reco
from skydriver.services.product_kinds import FORMATS, VIEW_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from skydriver.events.event import Event, Pulses
    from skydriver.plots.page import Format
    from skydriver.skymap.outline import Outline
    from skydriver.skymap.publication import Direction, Publication

WIDTHS_IN: Final = (4.0, 40.0)


class Style(NamedTuple):
    """What all pictures have in common."""

    format: Format
    width_in: float
    """Inches, within `WIDTHS_IN`."""
    first_looks: bool
    """Whether the directions that came with the event are drawn."""
    sources: Sequence[Direction]
    """Of a catalogue."""
    event: Event | None
    """Needed for its view alone."""


USUAL: Final = Style("png", 10.0, first_looks=True, sources=(), event=None)


class View(NamedTuple):
    """A kind of picture."""

    name: str
    """As it is asked for."""
    ending: str
    """What a file's ending begins with."""
    holds: str
    draw: Callable[[io.BytesIO, Publication, Style], None]


def draw_picture(view: str, shown: Publication, style: Style) -> bytes:
    """A picture, the same bytes for the same contents.

    Raises
    ------
    SettingError
        Naming ``view`` or ``width``.
    """
    low, high = WIDTHS_IN
    if not low <= style.width_in <= high:
        raise SettingError("width", f"{style.width_in} is not between {low:g} and {high:g} inches")
    picture = io.BytesIO()
    view_named(view).draw(picture, shown, style)
    return picture.getvalue()


def view_named(name: str) -> View:
    """The view of this name; a `SettingError` names ``view`` where there is none."""
    for view in VIEWS:
        if view.name == name:
            return view
    raise SettingError("view", f"there is no {name!r}, only {', '.join(view.name for view in VIEWS)}")


def ending_of(view: str, file: Path | None) -> str:
    """The ending of the product that is a view in a file's format, PNG where there is no file."""
    kind = "png" if file is None else file.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise SettingError("out", f"{file} ends neither in .png nor in .pdf")
    return f"{view_named(view).ending}{kind}"


def _overview(picture: io.BytesIO, shown: Publication, style: Style) -> None:
    reasons = tuple(reason.partition(": ")[2] for reason in shown.reasons)
    summary = Summary(shown.answer, shown.topology, shown.headline, reasons)
    about = _stages(shown), _overlay(shown, style), _texts(shown)
    draw_skymap(picture, *about, summary=summary, format=style.format, width_in=style.width_in)


def _all_sky(picture: io.BytesIO, shown: Publication, style: Style) -> None:
    about = _stages(shown), _overlay(shown, style), _texts(shown)
    draw_all_sky_picture(picture, *about, format=style.format, width_in=style.width_in)


def _zoom(picture: io.BytesIO, shown: Publication, style: Style) -> None:
    about = _stages(shown), _overlay(shown, style), _texts(shown)
    draw_zoom_picture(picture, *about, format=style.format, width_in=style.width_in)


def _event(picture: io.BytesIO, shown: Publication, style: Style) -> None:
    if style.event is None:
        raise ResultError("the event itself is needed: give its file with --event")
    hits = _hits(_fitted_pulses(shown, style.event))
    draw_event_picture(
        picture, dom_positions(), hits, _track(shown), _texts(shown), format=style.format, width_in=style.width_in
    )


_DRAW: Final[Mapping[str, Callable[[io.BytesIO, Publication, Style], None]]] = {
    "overview": _overview,
    "all-sky": _all_sky,
    "zoom": _zoom,
    "event": _event,
}
VIEWS: Final = tuple(View(*kind, _DRAW[kind.name]) for kind in VIEW_KINDS)


def _stages(shown: Publication) -> Mapping[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    return {nside: (rows["index"], rows["llh"]) for nside, rows in shown.skymap.stages.items()}


def _overlay(shown: Publication, style: Style) -> Overlay:
    regions = () if shown.quote is None else shown.quote.outlines
    looks = [Marker(*look) for look in shown.looks] if style.first_looks else []
    sources = [Marker(*source) for source in style.sources]
    return Overlay((shown.best.ra_deg, shown.best.dec_deg), [_line(region) for region in regions], looks, sources)


def _line(region: Outline) -> RegionLine:
    lines = tuple(ContourLine(contour.ra_deg, contour.dec_deg) for contour in region.contours)
    return RegionLine(region.name, region.kind, region.level, lines, region.rise)


def _texts(shown: Publication) -> Texts:
    """How, when and of what, and who made it."""
    event, made = shown.skymap.event, shown.skymap.provenance
    kind = "real event" if event.is_real_event else "simulated event"
    parts = [f"{shown.algorithm} {shown.algorithm_version}".strip()]
    if math.isfinite(event.mjd):
        parts.append(f"MJD {event.mjd:.6f} UTC")
    if made is not None and made.region:
        parts.append("only " + ", ".join(f"{name} {text}" for name, text in made.region.items()))
    if shown.skymap.partial:
        parts.append("PARTIAL: the scan was interrupted")
    return Texts(f"Run {event.run_id}, event {event.event_id} ({kind})", " · ".join(parts), shown.statement)


def _fitted_pulses(shown: Publication, event: Event) -> Pulses:
    """The pulses that were fitted, or those of the usual selection where the map does not say."""
    made = shown.skymap.provenance
    selection = Selection() if made is None else Selection.from_texts(made.selection)
    return select(event, selection, dom_positions()).pulses


def _hits(pulses: Pulses) -> Hits:
    """Of each hit DOM: where it is, the time of its first pulse, and the charge of all."""
    order = np.argsort(pulses.time_ns, kind="stable")
    doms, first, member = np.unique(dom_index(pulses.string, pulses.om)[order], return_index=True, return_inverse=True)
    charge = np.bincount(member, weights=pulses.charge_pe[order]).astype(np.float64)
    x, y, z = dom_positions()[doms].T
    return Hits(x, y, z, pulses.time_ns[order][first], charge)


def _track(shown: Publication) -> Track | None:
    """The best fit as a track in the detector; None where its algorithm fits none."""
    if shown.skymap.provenance is None or not find_reco(shown.algorithm).info.fits_tracks:
        return None
    rows = shown.skymap.stages[shown.best.nside]
    x, y, z, t = (float(rows[name][rows["index"] == shown.best.pixel][0]) for name in "XYZT")
    ra, dec = math.radians(shown.best.ra_deg), math.radians(shown.best.dec_deg)
    zenith, azimuth = icrs_to_local(ra, dec, shown.skymap.event.mjd)
    return Track(x, y, z, t, float(zenith), float(azimuth))
