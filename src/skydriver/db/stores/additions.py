"""Workers that were added to scans, each request once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from sqlalchemy import exists, insert, select

from skydriver.db.tables import additions

if TYPE_CHECKING:
    from sqlalchemy import Connection

WITHOUT_KEY: Final = "without "
"""What the names of requests that came without a key begin with."""


class Addition(NamedTuple):
    """One request."""

    scan: str
    key: str
    """By which it is known again; or `WITHOUT_KEY` and something random."""
    cluster: str
    n_workers: int


def add(connection: Connection, now: float, addition: Addition) -> None:
    """A request was done."""
    connection.execute(insert(additions).values(time=now, **addition._asdict()))


def get(connection: Connection, scan: str, key: str) -> Addition | None:
    """The request of a scan that came with a key; None where none did."""
    c = additions.c
    query = select(c.scan, c.key, c.cluster, c.n_workers).where(c.scan == scan, c.key == key)
    row = connection.execute(query).one_or_none()
    return None if row is None else Addition(*row)


def has_recent(connection: Connection, like: Addition, between: tuple[float, float]) -> bool:
    """Whether an equal request that came without a key was done between two moments."""
    c = additions.c
    where = (c.scan == like.scan, c.cluster == like.cluster, c.n_workers == like.n_workers, c.time.between(*between))
    return bool(connection.execute(select(exists().where(*where, c.key.startswith(WITHOUT_KEY)))).scalar_one())
