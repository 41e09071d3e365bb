"""What a realtime JSON says of the event beside its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.errors import EventContentError

if TYPE_CHECKING:
    from skydriver.events.shell import Json

MAX_DEPTH = 4
MAX_STATEMENTS = 2000
MAX_PATH = 200
"""Longest dotted path, in characters; what is deeper, longer or more than these is left out."""


def says_real(stated: dict[str, Json]) -> bool:
    """Whether an event is real: all are, but those that say ``is_real_event: false``."""
    answer = stated.get("is_real_event", True)
    if not isinstance(answer, bool):
        raise EventContentError("value.data.is_real_event", "is neither true nor false")
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
