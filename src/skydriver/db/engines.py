"""How connections are made, and looked at before each use: none hangs for ever, none writes where nobody reads."""

from __future__ import annotations

import select
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError

from skydriver.errors import SettingError, UnavailableError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

CONNECTIONS = 40
"""At once, in each process."""
STATEMENT_SECONDS = 60.0
"""PostgreSQL ends a statement, or a transaction that does nothing, after so long."""
WAL_PAUSE_S = 0.05
"""Between tries to switch a file to WAL."""
DRIVERS = ("sqlite", "postgresql+psycopg")


def make_engine(url: str, busy_seconds: float) -> Engine:
    """Connections to the database at `url`; a wait for one, or for a lock, is at most `busy_seconds`.

    Raises
    ------
    SettingError
        If it is no URL of a database that we know; it is not told, for it may hold a password.
    """
    address = _address(url)
    common: dict[str, Any] = {
        "pool_size": CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": busy_seconds,
        "pool_use_lifo": True,  # few are in use as a rule, and each that is not has a cache of its own
        "hide_parameters": True,
    }
    if address.drivername == "sqlite":
        return _sqlite(address, busy_seconds, common)
    engine = create_engine(address, connect_args=_limits(address, busy_seconds), **common)
    event.listen(engine, "checkout", _still_connected)
    return engine


def file_of(engine: Engine) -> Path | None:
    """The file of a SQLite database."""
    return Path(str(engine.url.database)) if engine.dialect.name == "sqlite" else None


def _address(url: str) -> URL:
    problem = "it is no URL of a database, as postgresql://USER:PASSWORD@HOST/NAME is"
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingError("SKYDRIVER_DATABASE_URL", problem) from None
    if address.drivername not in DRIVERS or address.database in {None, "", ":memory:"}:
        raise SettingError("SKYDRIVER_DATABASE_URL", problem)
    return address


def _limits(address: URL, busy_seconds: float) -> dict[str, object]:
    """Of one connection: a network that swallows everything is noticed, too."""
    milliseconds = {
        "lock_timeout": busy_seconds,
        "statement_timeout": STATEMENT_SECONDS,
        "idle_in_transaction_session_timeout": STATEMENT_SECONDS,
    }
    own = " ".join(f"-c {name}={int(1000 * seconds)}" for name, seconds in milliseconds.items())
    return {
        "connect_timeout": max(2, round(busy_seconds)),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": int(1000 * STATEMENT_SECONDS),
        "options": f"{own} {address.query.get('options', '')}".strip(),
    }


def _still_connected(connection: Any, _record: object, _proxy: object) -> None:
    """Drop connections that the server closed: it has said so, which costs no question."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise InvalidatePoolError


def _sqlite(address: URL, busy_seconds: float, common: dict[str, Any]) -> Engine:
    file = Path(str(address.database))

    def connect() -> sqlite3.Connection:
        _identity(file)
        where = f"file:{quote(str(file.absolute()))}?mode=rw"  # a file that is gone is not made anew, empty
        return sqlite3.connect(where, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False)

    def set_up(connection: sqlite3.Connection, record: Any) -> None:
        """Readers go on while one writes."""
        _log_ahead(connection, busy_seconds)
        for pragma in ("synchronous=NORMAL", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").close()
        record.info["file"] = _identity(file)

    def same_file(_connection: object, record: Any, _proxy: object) -> None:
        """Drop connections to a file that was taken away or replaced: they would go on writing to it."""
        if record.info["file"] != _identity(file):
            raise InvalidatePoolError

    engine = create_engine(address, creator=connect, **common)
    event.listen(engine, "connect", set_up)
    event.listen(engine, "checkout", same_file)
    event.listen(engine, "begin", _begin)
    return engine


def _log_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch a file to WAL; SQLite itself does not wait for whoever is writing to a new one at this moment."""
    ends = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(WAL_PAUSE_S)
        else:
            return


def _identity(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError as error:
        raise UnavailableError("the database file is not there") from error
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    """Take the right to write at once, so that no transaction fails in its middle for want of it."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
