"""The notice of a map, as the General Coordinates Network's schema of single neutrino alerts has it.

It is never IceCube's notice: its sender is SkyDriver, and it is a test unless something else is asked for and allowed.
What is not known is left out. The schema has no field for who endorses a notice and what an event states of itself;
that stands in ``additional_info``, which the same package defines (``core/AdditionalInfo``).
"""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import TYPE_CHECKING, Any, Final

from skydriver.errors import SettingError
from skydriver.skymap.quotable import (
    calibration_text,
    cautions_text,
    containing_radius_deg,
    marks,
    quotable,
    size_text,
    start_utc,
    stated_text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.skymap.publication import Publication, Quote

SCHEMA_VERSION: Final = "v7.2.3"
SCHEMA: Final = f"https://gcn.nasa.gov/schema/{SCHEMA_VERSION}/gcn/notices/icecube/single_neutrino_alerts.schema.json"
"""What a notice is valid under; its name, which nothing here looks up."""
MISSION: Final = "SkyDriver"
TEST: Final = "test"
TENSES: Final = ("current", "archival", "planned", "injection", "commanded", TEST)
TYPES: Final = ("initial", "subsequent", "update", "retraction")
TOPOLOGIES: Final = {"through-going": "Track", "starting": "Track", "skimming": "Track", "cascade": "Shower"}
"""The schema's word for a kind of event."""
PASSED_ON: Final = {"signalness": "p_astro", "p_astro": "p_astro", "nu_energy": "nu_energy"}
"""Last parts of an event's own names, and the field that means exactly the same, in the same unit."""
CIRCLE: Final = (
    "ra_dec_error is the radius of the smallest circle about the best fit that holds the whole 90% region; "
    "the region's own shape is in the map's files."
)


def notice(  # noqa: PLR0913 - each is a field of its own
    publication: Publication,
    *,
    now: dt.datetime,
    tense: str = TEST,
    alert_type: str = "update",
    event_name: str | None = None,
    healpix_url: str | None = None,
) -> dict[str, Any]:
    """The notice as plain objects, in the schema's order.

    Parameters
    ----------
    publication
        The map and what was found out about it.
    now
        When the notice is made; with its time zone.
    tense
        ``alert_tense``, one of `TENSES`.
    alert_type
        One of `TYPES`. Detections are announced by the collaboration; what is found out later is an update.
    event_name
        The collaboration's, for example ``IceCube-231202A``.
    healpix_url
        Where the map is published.

    Raises
    ------
    ResultError
        If nothing may be quoted of the map.
    SettingError
        If the tense or the type is none, or the tense is not ``test`` where only tests are allowed.
    """
    quote = quotable(publication)
    _check(publication, quote, tense, alert_type)
    event, topology = publication.skymap.event, TOPOLOGIES.get(publication.topology)
    given = {
        "$schema": SCHEMA,
        "mission": MISSION,
        "messenger": "Neutrino",
        "event_name": event_name and [event_name],
        "id": [f"{event.run_id}_{event.event_id}"],
        "alert_datetime": _utc(now),
        "alert_type": alert_type,
        "alert_tense": tense,
        "alert_topology": topology,
        "trigger_time": start_utc(publication),
        "number_of_events": 1,
        **_place(publication, quote),
        "healpix_url": healpix_url,
        **_passed_on(publication.stated or {}),
        "additional_info": _additional_info(publication, quote),
    }
    return {name: value for name, value in given.items() if value is not None}


def to_notice(publication: Publication, **fields: Any) -> bytes:
    """`notice` as JSON, the same bytes for the same contents."""
    return json.dumps(notice(publication, **fields), indent=1, allow_nan=False).encode() + b"\n"


def _check(publication: Publication, quote: Quote, tense: str, alert_type: str) -> None:
    """Refuse what the schema has no word for, and all but tests where only those are allowed."""
    for argument, value, words in (("tense", tense, TENSES), ("alert_type", alert_type, TYPES)):
        if value not in words:
            raise SettingError(argument, f"{str(value)[:40]!r} is none of {', '.join(words)}")
    if tense == TEST:
        return
    if not publication.skymap.event.is_real_event:
        raise SettingError("tense", f"{tense} is refused: a notice of a simulated event is a test")
    if quote.tests_only:
        raise SettingError("tense", f"{tense} is refused: a notice made with the {quote.calibration} is a test")


def _place(publication: Publication, quote: Quote) -> dict[str, Any]:
    """Where the source is. The radius is rounded up, so that the circle holds the region still."""
    ra, dec = round(publication.best.ra_deg, 6) % 360.0, round(publication.best.dec_deg, 6)
    radius = containing_radius_deg(quote.outline(0.9), ra, dec)
    return {
        "ra": ra,
        "dec": dec,
        "ra_dec_error": min(math.ceil(radius * 1e4) / 1e4, 180.0),
        "containment_probability": 0.9,
        "systematic_included": True,  # by a floor or by the levels: there is no quote without
    }


def _passed_on(stated: Mapping[str, float]) -> dict[str, float]:
    """What the event states under a name that means a field of the schema, where it states one value only."""
    found: dict[str, set[float]] = {}
    for name, value in stated.items():
        field = PASSED_ON.get(name.rpartition(".")[2])
        if field is not None:
            found.setdefault(field, set()).add(value)
    single = {field: values.pop() for field, values in sorted(found.items()) if len(values) == 1}
    return {field: value for field, value in single.items() if value >= 0.0 and (field != "p_astro" or value <= 1.0)}


def _additional_info(publication: Publication, quote: Quote) -> str:
    most, half = quote.outline(0.9), quote.outline(0.5)
    sizes = f"{size_text(most.area_deg2)}, of the 50% region {size_text(half.area_deg2)} square degrees"
    areas = f"Area of the 90% region {sizes}."
    first = [f"{mark}." for mark in marks(publication)]
    parts = [*first, publication.statement, calibration_text(quote), CIRCLE, areas]
    return " ".join([*parts, *filter(None, (cautions_text(publication), stated_text(publication)))])


def _utc(time: dt.datetime) -> str:
    if time.tzinfo is None:
        raise SettingError("now", "has no time zone")
    return f"{time.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"
