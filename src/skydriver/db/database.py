"""A database: SQLite in one file, or PostgreSQL. Every transaction that writes has a name."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from skydriver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Engine

    from skydriver.db.commit_points import CommitPoint

__all__ = ["Connection", "Database", "When"]

BUSY_SECONDS = 10.0
"""A write waits so long for another process that writes."""
CONNECTIONS = 40
"""At once, in each process."""

When = Literal["before", "after"]


class Database:
    """Connections and transactions; safe to use from many threads.

    Parameters
    ----------
    url
        As SQLAlchemy takes it.
    watch
        Called before and after each commit, by its name: for tests that kill the process there.
    """

    def __init__(self, url: str, watch: Callable[[CommitPoint, When], None] | None = None) -> None:
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._watch = watch
        self._one_writer = threading.Lock()

    @contextmanager
    def transaction(self, name: CommitPoint) -> Iterator[Connection]:
        """Write: all of it, or nothing where an exception comes out.

        Raises
        ------
        UnavailableError
            If the database is away, locked or full.
        """
        with _outages(), self._turn(), self.engine.connect().execution_options(writes=True) as connection:
            with connection.begin():
                yield connection
                self._tell(name, "before")
            self._tell(name, "after")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read, as of one moment; an `UnavailableError` says that the database is away."""
        with _outages(), self.engine.connect() as connection, connection.begin():
            yield connection

    def now(self, connection: Connection) -> float:
        """The time that leases go by: of the one machine, or of PostgreSQL where machines share it."""
        if self.is_sqlite:
            return time.time()
        return float(connection.execute(_NOW).scalar_one())

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """On SQLite, which has one writer, threads wait in line and not in its busy loop."""
        if not self.is_sqlite:
            yield
            return
        with self._one_writer:
            yield

    def _tell(self, name: CommitPoint, when: When) -> None:
        if self._watch is not None:
            self._watch(name, when)


_NOW = text("SELECT extract(epoch FROM clock_timestamp())")


def _engine(url: str) -> Engine:
    if not url.startswith("sqlite"):
        return create_engine(url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=BUSY_SECONDS, pool_pre_ping=True)
    engine = create_engine(
        url, pool_size=CONNECTIONS, max_overflow=0, pool_timeout=BUSY_SECONDS, connect_args={"timeout": BUSY_SECONDS}
    )
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: object, _record: object) -> None:
    """Let us begin transactions ourselves, in the way that lets readers go on while one writes."""
    connection.isolation_level = None  # type: ignore[attr-defined]
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the right to write at once, so that no transaction fails in its middle for want of it."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _outages() -> Iterator[None]:
    """What a database that is away, locked or full raises, as one kind of error that holds no secret."""
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("the database is busy: too many requests at once") from error
    except OperationalError as error:
        raise UnavailableError(f"the database does not answer: {_in_short(error)}") from error
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        raise UnavailableError("the connection to the database was lost") from error


def _in_short(error: DBAPIError) -> str:
    """The first line of what the database says."""
    return (str(error.orig).splitlines() or [type(error.orig).__name__])[0]
