"""What POST /scans/find asks for: every argument read and checked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Final, NamedTuple

import orjson

from skydriver.db.search.terms import All, Equals, Field
from skydriver.db.stores.search import Key, Value, fits
from skydriver.errors import SettingError
from skydriver.services.json_values import told
from skydriver.services.projection import Projection, read_projection
from skydriver.services.scan_arguments import refuse_unknown
from skydriver.services.search.fields import find_column
from skydriver.services.search.filters import read_filter
from skydriver.services.search.patterns import check_patterns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydriver.db.search.terms import Term

KNOWN: Final = ("filter", "include_deleted", "manifest_projection", "limit", "sort", "cursor")
MAX_LIMIT: Final = 1000
MAX_KEYS: Final = 5
MAX_CURSOR: Final = 4000
"""Characters."""
ID: Final = "scan_id"
OLDEST_FIRST: Final = (Key("timestamp", descends=False), Key(ID, descends=False))
N_CHECK: Final = 8
"""Bytes of a cursor's check sum."""


class Search(NamedTuple):
    """A search, read."""

    term: Term
    projection: Projection
    keys: tuple[Key, ...]
    """What scans are sorted by; the last one is their id."""
    limit: int | None
    after: tuple[Value, ...] | None
    """The place behind which the page begins."""
    digest: str
    """Equal for searches whose pages follow each other."""


def read_search(arguments: Mapping[str, object]) -> Search:
    """Read a search; null is as good as left out.

    Raises
    ------
    SettingError
        Naming the argument that is at fault.
    """
    given = {name: value for name, value in arguments.items() if value is not None}
    refuse_unknown(given, KNOWN, "POST /scans/find")
    asked, with_deleted = given.get("filter", {}), _flag(given, "include_deleted")
    term = read_filter(asked)
    check_patterns(term)
    keys, limit = read_sort(given.get("sort")), _limit(given.get("limit"))
    digest = hashlib.sha256(json.dumps([asked, with_deleted, keys], sort_keys=True).encode()).hexdigest()[:32]
    return Search(
        term if with_deleted else All((Equals(Field("is_deleted", ()), value=False), term)),
        read_projection("manifest_projection", given.get("manifest_projection")),
        keys,
        limit,
        read_cursor(given.get("cursor"), digest, keys, limit),
        digest,
    )


def read_sort(value: object) -> tuple[Key, ...]:
    """``"priority"``, ``"-priority"`` or ``["priority", -1]``, one or a list of them, or ``{"priority": -1}``."""
    if value is None:
        return OLDEST_FIRST
    if isinstance(value, dict):
        listed: Sequence[object] = [[name, sign] for name, sign in value.items()]
    elif isinstance(value, list):
        listed = [value] if _is_pair(value) else value
    else:
        listed = [value]
    if not 1 <= len(listed) <= MAX_KEYS:
        raise SettingError("sort", f"has {len(listed)} names, not 1 to {MAX_KEYS}")
    keys = [_key(item) for item in listed]
    names = [key.name for key in keys]
    if len(set(names)) < len(names):
        raise SettingError("sort", "has the same name twice")
    if ID in names:
        return tuple(keys[: names.index(ID) + 1])
    return (*keys, Key(ID, descends=keys[-1].descends))


def write_cursor(search: Search, values: Sequence[Value]) -> str:
    """Where the next page begins: behind the scan with these values. It is good for the same search alone."""
    text = json.dumps([search.digest, *values]).encode()
    return base64.urlsafe_b64encode(_check(text) + text).decode()


def read_cursor(value: object, digest: str, keys: Sequence[Key], limit: int | None) -> tuple[Value, ...] | None:
    """What a cursor says; a `SettingError` where it is damaged or comes from another search."""
    if value is None:
        return None
    if limit is None:
        raise SettingError("cursor", "goes with limit, which is missing")
    if not isinstance(value, str) or len(value) > MAX_CURSOR:
        raise SettingError("cursor", f"is {told(value)}, not the text that came with the page before")
    found = _content(value)
    if not isinstance(found, list):
        raise SettingError("cursor", "is damaged; begin without one")
    if found[:1] != [digest]:
        raise SettingError("cursor", "is of a search with another filter, sort or include_deleted")
    values = tuple(found[1:])
    if len(values) != len(keys) or not all(fits(key.name, one) for key, one in zip(keys, values, strict=True)):
        raise SettingError("cursor", "is damaged; begin without one")
    return values


def _content(cursor: str) -> object:
    """What is in a cursor; None where it is not as it was written."""
    try:
        content = base64.urlsafe_b64decode(cursor.encode())
        text = content[N_CHECK:]
        as_written = base64.urlsafe_b64encode(_check(text) + text).decode()
        return orjson.loads(text) if cursor == as_written else None
    except (binascii.Error, ValueError):
        return None


def _check(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()[:N_CHECK]


def _flag(given: Mapping[str, object], name: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise SettingError(name, f"is {told(value)}, neither true nor false")
    return value


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_LIMIT:
        raise SettingError("limit", f"is {told(value)}, not a whole number from 1 to {MAX_LIMIT}")
    return value


def _is_pair(value: list[object]) -> bool:
    return len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], int)


def _key(item: object) -> Key:
    if isinstance(item, list) and _is_pair(item):
        name, sign = item
    elif isinstance(item, str):
        name, sign = item.removeprefix("-"), -1 if item.startswith("-") else 1
    else:
        raise SettingError("sort", f"holds {told(item)}, not a name, or a name with 1 or -1")
    if isinstance(sign, bool) or sign not in (1, -1):
        raise SettingError("sort", f"{told(name)} goes with 1 or -1, not {told(sign)}")
    return Key(find_column("sort", name), descends=sign == -1)
