"""Scans whose place others took: who asks for one is sent to the one that stands for it now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.stores import replacements
from skydriver.errors import ReplacedError

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.db.stores.documents import Parts
    from skydriver.services.context import Service


def check_current(service: Service, scan_id: str) -> None:
    """A `ReplacedError` where another scan took the place of this one; it names the last of them."""
    with service.database.glancing() as connection:
        _check(connection, scan_id)


def check_row(connection: Connection, scan: Parts) -> None:
    """The same of a scan whose row is at hand."""
    if scan.replaced_by is not None:
        _check(connection, scan.id)


def _check(connection: Connection, scan_id: str) -> None:
    last = replacements.last_of(connection, scan_id)
    if last not in {None, scan_id}:
        raise ReplacedError(scan_id, str(last))
