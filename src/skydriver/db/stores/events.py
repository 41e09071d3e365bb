"""Events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import zstandard
from sqlalchemy import select

from skydriver.db.tables import events

if TYPE_CHECKING:
    from sqlalchemy import Connection


def read(connection: Connection, event: str) -> bytes | None:
    """An event's JSON; None where there is none of that hash."""
    blob = connection.execute(select(events.c.blob).where(events.c.id == event)).scalar_one_or_none()
    return None if blob is None else zstandard.decompress(blob)
