"""Values of arguments as they came in JSON: what no argument may hold, and how a value is told in a sentence."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from skydriver.errors import SettingError

MAX_TOLD = 40
"""Letters of a value that a sentence shows."""
LARGEST_INTEGER = 2**63 - 1


class Bounds(NamedTuple):
    """How much a value may hold."""

    values: int
    characters: int
    depth: int
    plain_text: bool
    """Whether its texts must be such that any database and environment can hold them."""


OF_ARGUMENTS = Bounds(values=5_000, characters=200_000, depth=8, plain_text=True)
OF_EVENTS = Bounds(values=200_000, characters=8_000_000, depth=100, plain_text=False)
"""Their texts are stored as JSON's escapes, in which every text can be written."""


def told(value: object) -> str:
    """A value as a sentence shows it: cut short, in characters that every terminal and header has."""
    if isinstance(value, str):
        text = ascii(value[: MAX_TOLD + 1])
    elif isinstance(value, bool) or value is None:
        text = {True: "true", False: "false", None: "null"}[value]
    elif isinstance(value, int):
        text = str(value) if abs(value) <= LARGEST_INTEGER else "a number of more than 64 bits"
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = f"a list of {len(value)}" if isinstance(value, list | tuple) else "an object"
    return text if len(text) <= MAX_TOLD else f"{text[: MAX_TOLD - 3]}..."


def check_value(argument: str, value: object, bounds: Bounds) -> None:
    """Refuse what JSON, a database or this machine's patience cannot hold, wherever in `value` it is.

    Raises
    ------
    SettingError
        Naming `argument`.
    """
    level, values, characters = [value], 1, 0
    for _ in range(bounds.depth):
        values += sum(_n_below(item) for item in level)
        characters += sum(_check_scalar(argument, item, bounds) for item in level)
        if values > bounds.values or characters > bounds.characters:
            raise SettingError(argument, f"holds more than {bounds.values} values or {bounds.characters} characters")
        level = [below for item in level for below in _items(item)]
        if not level:
            return
    raise SettingError(argument, f"is nested deeper than {bounds.depth} levels")


def _n_below(value: object) -> int:
    return len(value) if isinstance(value, dict | list) else 0


def _items(value: object) -> list[Any]:
    """What a list or an object holds, its keys among it."""
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []


def _check_scalar(argument: str, value: object, bounds: Bounds) -> int:
    """Number of characters, after a look at whether it can be kept."""
    if isinstance(value, str):
        if bounds.plain_text and not _is_plain(value):
            raise SettingError(argument, "holds a text with a NUL character or half of a surrogate pair")
        return len(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(argument, f"holds {value}, which is no number in JSON")
    if bounds.plain_text and isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise SettingError(argument, "holds a number of more than 64 bits")
    return 0


def _is_plain(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)
