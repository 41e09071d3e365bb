"""What each stage of a result file says of its event: the same fields in JSON and npz."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skydriver.errors import ResultError
from skydriver.skymap.skymap import EventIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.skymap.skymap import SkyMap

VERSION = 1
"""skyreader's version of the columns, the one with vertices."""
FIELDS: dict[str, tuple[type, ...]] = {
    "nside": (int,),
    "complete": (bool,),
    "run_id": (int,),
    "event_id": (int,),
    "event_type": (str,),
    "mjd": (float, int),
    "is_real_event": (bool,),
    "version": (int,),
}
"""Names and types of the fields, in the order in which they are written."""

_KEY = re.compile(r"nside-([1-9][0-9]{0,9})", re.ASCII)


def metadata_of(skymap: SkyMap, nside: int) -> dict[str, bool | int | float | str]:
    """The fields of one stage."""
    event = skymap.event
    return {
        "nside": nside,
        "complete": skymap.complete[nside],
        "run_id": int(event.run_id),
        "event_id": int(event.event_id),
        "event_type": event.event_type,
        "mjd": float(event.mjd),
        "is_real_event": bool(event.is_real_event),
        "version": VERSION,
    }


def nside_of(key: str) -> int:
    """The nside that a stage's key ``nside-N`` names."""
    match = _KEY.fullmatch(key)
    if match is None:
        raise ResultError(f"{key[:40]!r} is not the name of a stage like nside-8")
    return int(match[1])


def identity_from(fields: Mapping[str, Any], nside: int) -> EventIdentity:
    """The event that a stage's fields name, after checking them all.

    Raises
    ------
    ResultError
        Naming the stage and the field that is missing or wrong.
    """
    for name, kinds in FIELDS.items():
        if name not in fields:
            raise ResultError(f"nside-{nside}: {name} is missing in the metadata")
        value = fields[name]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ResultError(
                f"nside-{nside}: {name} in the metadata is {str(value)[:40]!r}, not of type {kinds[0].__name__}"
            )
    if fields["nside"] != nside:
        raise ResultError(f"nside-{nside}: the metadata says nside {fields['nside']}")
    if fields["version"] != VERSION:
        raise ResultError(
            f"nside-{nside}: version {fields['version']} of the columns is not {VERSION}, the one known here"
        )
    names = ("run_id", "event_id", "event_type", "mjd", "is_real_event")
    return EventIdentity(**{name: fields[name] for name in names})


def the_one(events: Mapping[int, EventIdentity]) -> EventIdentity:
    """The identity that all stages share."""
    if not events:
        raise ResultError("the map has no stage")
    first, *others = events.items()
    for nside, event in others:
        if repr(event) != repr(first[1]):
            raise ResultError(f"nside-{nside} is of another event than nside-{first[0]}")
    return first[1]
