"""Events as workers take them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.tables import prepared

if TYPE_CHECKING:
    from sqlalchemy import Connection


def keep(connection: Connection, blob: bytes) -> str:
    """Store pulses under their hash, once."""
    name = hashlib.sha256(blob).hexdigest()
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    connection.execute(dialect.insert(prepared).values(id=name, blob=blob).on_conflict_do_nothing())
    return name


def read(connection: Connection, name: str) -> bytes | None:
    """The pulses of a hash; None where there are none."""
    return connection.execute(select(prepared.c.blob).where(prepared.c.id == name)).scalar_one_or_none()
