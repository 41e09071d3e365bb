"""A database: SQLite in one file, or PostgreSQL. Every transaction that writes has a name."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from skydriver.db.engines import file_of, make_engine
from skydriver.db.outages import outages
from skydriver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import RootTransaction

    from skydriver.db.commit_points import CommitPoint

__all__ = ["Connection", "Database", "Watch", "When"]

BUSY_SECONDS = 10.0
"""A write waits so long for another that writes, and whoever asks for a connection for one, s."""

When = Literal["before", "after"]
Watch: TypeAlias = "Callable[[CommitPoint, When], None]"


class Database:
    """Connections and transactions; safe to use from many threads. Nothing is opened before it is needed.

    Parameters
    ----------
    url
        As SQLAlchemy takes it.
    watch
        Called before and after each commit, by its name: for tests that kill the process there.
    busy_seconds
        A wait for a lock or for a connection is at most so long, s.
    """

    def __init__(
        self,
        url: str,
        watch: Watch | None = None,
        busy_seconds: float = BUSY_SECONDS,
    ) -> None:
        self.engine = make_engine(url, busy_seconds)
        self.file = file_of(self.engine)
        self.is_sqlite = self.file is not None
        self._writers = self.engine.execution_options(writes=True)
        self._readers = self.engine if self.is_sqlite else self.engine.execution_options(**_ONE_MOMENT)
        self._watch = watch
        self._busy_seconds = busy_seconds
        self._one_writer = threading.Lock()

    @contextmanager
    def transaction(self, name: CommitPoint) -> Iterator[Connection]:
        """Write: all of it, or nothing where an exception comes out.

        Raises
        ------
        UnavailableError
            If the database is away, locked or full. Where the connection was lost while it was told to commit, it says
            that nobody knows whether it did: what is asked again must not be done twice.
        """
        with self._writing() as (connection, begun):
            yield connection
            self._tell(name, "before")
            _commit(begun)
            self._tell(name, "after")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read, as of one moment; an `UnavailableError` says that the database is away."""
        with outages(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def changing_schema(self) -> Iterator[Connection]:
        """Change tables: all of it or nothing, one process after the other; makes the file of SQLite.

        Raises
        ------
        UnavailableError
            As for `transaction`.
        """
        self._make_file()
        with self._writing() as (connection, begun):
            if not self.is_sqlite:
                connection.execute(_NO_LIMITS)
                connection.execute(_ONE_CHANGE)
            yield connection
            _commit(begun)

    def exists(self) -> bool:
        """Whether there is a file; PostgreSQL's databases are made by somebody else."""
        return self.file is None or self.file.exists()

    def now(self, connection: Connection) -> float:
        """The time that leases go by: of the one machine, or of PostgreSQL where machines share it."""
        if self.is_sqlite:
            return time.time()
        return float(connection.execute(_NOW).scalar_one())

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[tuple[Connection, RootTransaction]]:
        with outages(), self._turn(), self._writers.connect() as connection, connection.begin() as begun:
            yield connection, begun

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, which has one writer, threads wait in line and not in its busy loop."""
        if not self.is_sqlite:
            yield
            return
        if not self._one_writer.acquire(timeout=self._busy_seconds):
            raise UnavailableError("the database is busy: too many requests at once")
        try:
            yield
        finally:
            self._one_writer.release()

    def _make_file(self) -> None:
        if self.file is None:
            return
        try:
            self.file.touch(mode=0o600)
        except OSError as error:
            raise UnavailableError("the database file cannot be made") from error

    def _tell(self, name: CommitPoint, when: When) -> None:
        if self._watch is not None:
            self._watch(name, when)


_ONE_MOMENT: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
_NOW = text("SELECT extract(epoch FROM clock_timestamp())")
_NO_LIMITS = text("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)")
_ONE_CHANGE = text("SELECT pg_advisory_xact_lock(8423)")


def _commit(begun: RootTransaction) -> None:
    try:
        begun.commit()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise UnavailableError("the connection to the database was lost, and maybe all was stored before") from error
