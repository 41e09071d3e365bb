"""What is found out about one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import SkyDriverError

if TYPE_CHECKING:
    from collections.abc import Callable


class Finding(NamedTuple):
    """What was found out about one thing."""

    name: str
    ok: bool
    says: str
    """What is there, or what is wrong."""
    cure: str | None
    """What to do; null where nothing is wrong."""


def looked(name: str, cure: str, look: Callable[[], str]) -> Finding:
    """What `look` finds: it says what is there, and raises a `SkyDriverError` that says what is wrong."""
    try:
        return Finding(name, ok=True, says=look(), cure=None)
    except SkyDriverError as error:
        return Finding(name, ok=False, says=str(error), cure=cure)
