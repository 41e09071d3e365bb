"""Results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.tables import results

if TYPE_CHECKING:
    from sqlalchemy import Connection


def store_final(connection: Connection, scan: str, now: float, **documents: bytes) -> None:
    """Store a final result of ours; a partial one gives way, and whether it was deleted stays."""
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = documents | {"is_final": True, "stored": now}
    statement = dialect.insert(results).values(scan=scan, is_deleted=False, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["scan"], set_=values))
