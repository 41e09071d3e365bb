"""Filters of scans, as ``POST /scans/find`` takes them."""

from __future__ import annotations

from typing import Any

from skydriver.cli.labels import label


def joined(conditions: list[dict[str, Any]]) -> dict[str, Any]:
    """A filter that matches where all of several do."""
    if len(conditions) > 1:
        return {"$and": conditions}
    return conditions[0] if conditions else {}


def filter_of(text: str) -> dict[str, Any]:
    """A filter as it is written; a `SettingError` where it is no JSON object."""
    import json

    from skydriver.errors import SettingError

    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingError("filter", f"it is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise SettingError("filter", 'it is no JSON object such as {"priority": {"$gte": 100}}')
    return found


def checked_status(name: str) -> str:
    """One that there is; a `SettingError` names all."""
    from skydriver.errors import SettingError
    from skydriver.services.coordination.states import Status

    if name not in list(Status):
        raise SettingError("status", f"{name[:80]!r} is not one of {', '.join(Status)}")
    return name


def labelled(text: str) -> tuple[str, object]:
    """A label's key, and what its value must be: a number or the like may have been meant as a text."""
    key, value = label(text)
    return key, value if isinstance(value, str) else {"$in": [value, text.partition("=")[2]]}
