"""Scans whose place others took: who asks for one is sent to the one that stands for it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.stores import replacements
from skydriver.errors import ReplacedError

if TYPE_CHECKING:
    from skydriver.services.context import Service


def check_current(service: Service, scan_id: str) -> None:
    """A `ReplacedError` where another scan took the place of this one; it names the last of them."""
    with service.database.glancing() as connection:
        last = replacements.last_of(connection, scan_id)
    if last not in {None, scan_id}:
        raise ReplacedError(scan_id, str(last))
