"""Letting workers go: a scan that needs no more fits takes back what they hold of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.stores import fits, tasks

if TYPE_CHECKING:
    from skydriver.db.database import Connection


def release(connection: Connection, scan_id: str) -> None:
    """Drop a scan's tasks, of which workers hear at their next word, and its fits that are not done."""
    tasks.drop_of_scan(connection, scan_id)
    fits.close(connection, scan_id)
