"""What each stage of a result file says of itself and its event: the same fields in JSON and npz."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from skydriver.errors import ResultError
from skydriver.skymap.columns import DTYPES, VERSION
from skydriver.skymap.coverage import refines_whole_pixels
from skydriver.skymap.skymap import EventIdentity, SkyMap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.skymap.columns import Rows
    from skydriver.skymap.provenance import Provenance

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
LATER_FIELDS: dict[str, Any] = {"complete": None, "event_type": "", "is_real_event": False, "version": 0}
"""Fields that older files lack, or have without a value, and what they mean by that."""
UNKNOWN_EVENT: dict[str, Any] = {"run_id": 0, "event_id": 0, "mjd": math.nan}
"""What is said of the event where a file says nothing of it, as the first ones of skyreader do."""

_KEY = re.compile(r"nside-([1-9][0-9]{0,9})", re.ASCII)


class About(NamedTuple):
    """What a file says of one stage."""

    event: EventIdentity
    complete: bool | None
    """As in a `SkyMap`; None where the file does not say."""
    version: int
    """Of the columns."""


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


def about(given: Mapping[str, Any], nside: int) -> About:
    """What a stage's fields say, after checking them all.

    Raises
    ------
    ResultError
        Naming the stage and the field that is missing or wrong.
    """
    fields = _completed(given)
    for name, kinds in FIELDS.items():
        if name not in fields:
            raise ResultError(f"nside-{nside}: {name} is missing in the metadata")
        _check(nside, name, fields[name], kinds)
    if fields["nside"] != nside:
        raise ResultError(f"nside-{nside}: the metadata says nside {fields['nside']}")
    if fields["version"] not in DTYPES:
        known = " and ".join(map(str, DTYPES))
        raise ResultError(f"nside-{nside}: version {fields['version']} of the columns is unknown; {known} are known")
    names = ("run_id", "event_id", "event_type", "mjd", "is_real_event")
    return About(EventIdentity(**{name: fields[name] for name in names}), fields["complete"], fields["version"])


def map_of(stages: Mapping[int, tuple[About, Rows]], provenance: Provenance | None) -> SkyMap:
    """The map of a file's stages, by nside.

    A stage that is not said to be complete or not is taken to be, but for a finer one that refines pixels of the
    stage before in part only.

    Raises
    ------
    ResultError
        Where there is no stage, or stages are of different events, or as of `SkyMap`.
    """
    event = _the_one({nside: said.event for nside, (said, _) in stages.items()})
    complete = {nside: said.complete is not False for nside, (said, _) in stages.items()}
    skymap = SkyMap({nside: rows for nside, (_, rows) in stages.items()}, complete, event, provenance)
    cut = {nside: False for nside in skymap.stages if stages[nside][0].complete is None and _is_cut(skymap, nside)}
    return replace(skymap, complete=complete | cut)


def _completed(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with what is meant by those that are not there."""
    fields = {name: value for name, value in given.items() if value is not None}
    unknown = {} if fields.keys() & UNKNOWN_EVENT.keys() else UNKNOWN_EVENT
    return LATER_FIELDS | unknown | fields


def _check(nside: int, name: str, value: object, kinds: tuple[type, ...]) -> None:
    if value is None and name == "complete":
        return
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        raise ResultError(
            f"nside-{nside}: {name} in the metadata is {str(value)[:40]!r}, not of type {kinds[0].__name__}"
        )


def _the_one(events: Mapping[int, EventIdentity]) -> EventIdentity:
    """The identity that all stages share."""
    if not events:
        raise ResultError("the map has no stage")
    first, *others = events.items()
    for nside, event in others:
        if repr(event) != repr(first[1]):
            raise ResultError(f"nside-{nside} is of another event than nside-{first[0]}")
    return first[1]


def _is_cut(skymap: SkyMap, nside: int) -> bool:
    """Whether a stage refines pixels of the stage before in part only."""
    coarser = [coarse for coarse in skymap.stages if coarse < nside]
    return bool(coarser) and not refines_whole_pixels(nside, skymap.stages[nside]["index"], max(coarser))
