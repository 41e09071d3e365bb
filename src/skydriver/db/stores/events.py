"""Events as they were submitted, each stored once."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import zstandard
from sqlalchemy import exists, select
from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.tables import events

if TYPE_CHECKING:
    from skydriver.db.database import Connection

LEVEL = 1
"""Of compression: what is inside is compressed already, only base64's third is to be gained."""


class NewEvent(NamedTuple):
    """A row of the table."""

    id: str
    """sha256 of the canonical JSON."""
    run_id: int
    event_id: int
    mjd: float
    is_real: bool
    n_bytes: int
    blob: bytes
    """From `packed`."""


def packed(text: bytes) -> bytes:
    """An event's canonical JSON as it is stored."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(text)


def put(connection: Connection, event: NewEvent, now: float) -> None:
    """Store an event, unless it is there, from whomever and at whatever moment."""
    if has(connection, event.id):
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    row = {**event._asdict(), "created": now}
    connection.execute(insert(events).values(**row).on_conflict_do_nothing(index_elements=[events.c.id]))


def has(connection: Connection, event_id: str) -> bool:
    """Whether there is an event of that hash."""
    return bool(connection.execute(select(exists().where(events.c.id == event_id))).scalar_one())


def read(connection: Connection, event_id: str) -> bytes | None:
    """An event's canonical JSON; None where there is none of that hash."""
    row = connection.execute(select(events.c.blob, events.c.n_bytes).where(events.c.id == event_id)).one_or_none()
    if row is None:
        return None
    return zstandard.ZstdDecompressor().decompress(row.blob, max_output_size=row.n_bytes)
