"""Comparing whole documents: every key and the exact type of every value; what differs by nature has only its type."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

TIMES = frozenset({"timestamp", "created", "launched", "first_pixel", "ended"}) | {
    *("last_updated", "start", "end", "elapsed", "scanner start"),
}
RATES = frozenset({"cpu_seconds", "seconds_left", "eta", "per fit", "time left"})
ADDRESSES = frozenset({"url"})
MEASURED = TIMES | RATES | ADDRESSES
EVENT = "event_i3live_json_dict"


def settled(document: Any, also: Collection[str] = ()) -> str:
    """A document as text that is equal where it is: times, rates, addresses and what `also` names are there by type."""
    return json.dumps(_settled(document, MEASURED | set(also)), indent=1, sort_keys=True)


def _settled(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _of(name, item, names) for name, item in value.items()}
    if isinstance(value, list):
        return [_settled(item, names) for item in value]
    return value


def _of(name: str, value: Any, names: frozenset[str]) -> Any:
    if name == EVENT and isinstance(value, dict):
        return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()  # it is too long to be shown
    if name in names and isinstance(value, str | int | float):
        return f"<{type(value).__name__}>"
    return _settled(value, names)
