"""What a database says when it is away, busy or full: as one kind of error, of one sentence that holds no secret."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from skydriver.errors import SchemaError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

AWAY = "the database does not answer"
LOST = "the connection to the database was lost"
BUSY = "the database is busy: a lock was held for too long"
FULL = "the disk of the database is full"
FULL_UP = "the database takes no more connections"
READ_ONLY = "the database is read-only"
DAMAGED = "the database file is damaged"
UNMADE = "the database lacks tables of this release: run skydriver db upgrade"
NO_TABLE = "42P01"
POSTGRES = {
    "25006": READ_ONLY,
    "25P03": LOST,
    "40001": "the database is busy: requests were in each other's way",
    "40P01": "the database is busy: requests were in each other's way",
    "53100": FULL,
    "53300": FULL_UP,
    "55P03": BUSY,
    "57014": "the database is busy: a statement took too long",
    "57P01": LOST,
    "57P02": LOST,
    NO_TABLE: UNMADE,
}
"""By SQLSTATE."""
REFUSALS = {
    "authentication failed": "the database does not let us in: user or password are wrong",
    "no password": "the database does not let us in: user or password are wrong",
    "pg_hba.conf": "the database does not let us in: user or password are wrong",
    "does not exist": "the database does not let us in: it has no such database, or no such user",
    "connection slots": FULL_UP,
    "too many clients": FULL_UP,
}
"""By words in what PostgreSQL says to whoever connects, which has no SQLSTATE."""
SQLITE = {
    "SQLITE_BUSY": BUSY,
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_FULL": FULL,
    "SQLITE_IOERR": "the database file cannot be read or written",
    "SQLITE_LOCKED": BUSY,
    "SQLITE_NOTADB": DAMAGED,
    "SQLITE_PERM": READ_ONLY,
    "SQLITE_READONLY": READ_ONLY,
}
"""By the first two words of the error's name."""


@contextmanager
def outages() -> Iterator[None]:
    """Raise what says that the database is in trouble as `UnavailableError`; what says that we are, as it is."""
    try:
        yield
    except PoolTimeoutError as error:
        raise UnavailableError("the database is busy: too many requests at once") from error
    except DBAPIError as error:
        said = sentence(error)
        if said is None:
            raise
        raise (SchemaError if said == UNMADE else UnavailableError)(said) from error


def sentence(error: DBAPIError) -> str | None:
    """What the error means where the database is in trouble; None where the statement is wrong."""
    name: str | None = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return UNMADE if "no such table" in str(error.orig) else SQLITE.get("_".join(name.split("_")[:2]))
    known = POSTGRES.get(getattr(error.orig, "sqlstate", None) or "")
    if known is not None:
        return known
    if error.connection_invalidated:
        return LOST
    if not isinstance(error, OperationalError | InterfaceError):
        return None
    return next((said for words, said in REFUSALS.items() if words in str(error.orig)), AWAY)
