"""Locks by name that last as long as a service holds them, and end with its connection, however it dies."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from skydriver.db.outages import outages

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from skydriver.db.database import Database

_TAKE = text("SELECT pg_try_advisory_lock(:number)")
_CONFIRM = text("SELECT 1")


class NamedLock:
    """One of several services that share a PostgreSQL database has it; the one service of an SQLite file always does.

    Parameters
    ----------
    database
        That they share.
    name
        What of.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        digest = hashlib.sha256(f"skydriver lock {name}".encode()).digest()
        self._number = int.from_bytes(digest[:8], signed=True)
        self._connection: Connection | None = None

    def held(self) -> bool:
        """Whether this one has it: now, or still; an `UnavailableError` where the database is away."""
        if self._database.is_sqlite:
            return True
        if self._connection is not None:
            try:
                self._connection.execute(_CONFIRM)
            except SQLAlchemyError:
                self.let_go()
            else:
                return True
        with outages():
            connection = self._database.engine.execution_options(isolation_level="AUTOCOMMIT").connect()
            if connection.execute(_TAKE, {"number": self._number}).scalar_one():
                self._connection = connection
                return True
            connection.close()
        return False

    def let_go(self) -> None:
        """Leave it to another, with the connection."""
        if self._connection is not None:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()
            with suppress(SQLAlchemyError):
                self._connection.close()
            self._connection = None
