"""What a realtime event says of itself: the JSON beside its frames, and the message in them."""

from __future__ import annotations

import contextlib
import math
import re
from typing import TYPE_CHECKING, Final

from skydriver.errors import EventContentError, EventLayoutError
from skydriver.events.shell import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.events.event import Event
    from skydriver.events.shell import Json

MAX_DEPTH = 4
MAX_STATEMENTS = 2000
MAX_PATH = 200
"""Longest dotted path, in characters; what is deeper, longer or more than these is left out."""

MESSAGE: Final = "AlertShortFollowupMsg"
"""Text in the P frame, JSON, that says the same as the JSON beside the frames."""
TELLING: Final = frozenset(
    {"energy", "muex", "mue", "neutrino", "signalness", "astro", "trackness", "bdt", "far", "alarm"}
)
"""Words in the names of energies, and of how likely it is that the event is of astrophysical origin."""
MAX_TOLD = 100
_NAME = re.compile(r"[A-Za-z0-9_.]{1,80}", re.ASCII)


def says_real(stated: dict[str, Json], *, said: bool | None = None) -> bool:
    """Whether an event is real: what is `said` of it, else all are, but those that say ``is_real_event: false``."""
    answer = stated.get("is_real_event", True if said is None else said)
    if not isinstance(answer, bool):
        raise EventContentError("value.data.is_real_event", "is neither true nor false")
    if said is not None and answer is not said:
        word, other = ("real", "simulated") if said else ("simulated", "real")
        raise EventContentError(
            "value.data.is_real_event", f"says that the event is {other}, but it was given as {word}"
        )
    return answer


def state_identity(stated: dict[str, Json], run_id: int, event_id: int) -> None:
    """Check that the JSON's own run and event ids, where it states them, are those of the header."""
    for name, found in (("run_id", run_id), ("event_id", event_id)):
        said = stated.get(name, found)
        if isinstance(said, bool) or said != found:
            raise EventContentError(f"value.data.{name}", f"is {ascii(said)[:40]}, but the event header says {found}")


def flatten(stated: dict[str, Json]) -> dict[str, bool | int | float | str | None]:
    """All single values by their dotted path, list items by their index."""
    flat: dict[str, bool | int | float | str | None] = {}
    level: list[tuple[str, Json]] = list(stated.items())
    for _ in range(MAX_DEPTH):
        below: list[tuple[str, Json]] = []
        for path, value in level:
            if len(path) > MAX_PATH or len(flat) >= MAX_STATEMENTS:
                continue
            if isinstance(value, dict):
                below += [(f"{path}.{key}", item) for key, item in value.items()]
            elif isinstance(value, list):
                below += [(f"{path}.{index}", item) for index, item in enumerate(value)]
            else:
                flat[path] = value
        level = below
    return flat


def stated_energies(event: Event) -> dict[str, float]:
    """Energies, signalness and the like that an event states of itself, unverified, by its own names.

    A name is the dotted path in the JSON beside the frames, in the message in the P frame or, of a frame's own number,
    its name; the first of these goes first where several have it. What is no finite number, or has a name of other
    characters than letters, digits, dots and underscores, is left out, as is what goes beyond `MAX_TOLD`.
    """
    found = {**_numbers(event.scalars), **_numbers(_message(event.scalars.get(MESSAGE))), **_numbers(event.stated)}
    names = [name for name in sorted(found) if _NAME.fullmatch(name) and not TELLING.isdisjoint(_words(name))]
    return {name: found[name] for name in names[:MAX_TOLD]}


def _message(text: object) -> Mapping[str, object]:
    """The message's values by their dotted path; none where it is no JSON object."""
    if isinstance(text, str):
        with contextlib.suppress(EventLayoutError):
            return flatten(parse_json(text))
    return {}


def _numbers(values: Mapping[str, object]) -> dict[str, float]:
    """Those that are finite numbers."""
    found = {}
    for name, value in values.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            with contextlib.suppress(OverflowError):  # a whole number that no float holds
                found[name] = float(value)
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _words(name: str) -> set[str]:
    return set(re.split(r"[._]", name.lower()))
