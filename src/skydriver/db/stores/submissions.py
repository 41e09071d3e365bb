"""Scans as they come in: at most one for a request that is repeated."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import insert, select, text

from skydriver.db.tables import scans

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from sqlalchemy import Connection


class Known(NamedTuple):
    """A scan that was asked for before."""

    id: str
    generation: int
    request_hash: str
    engine: str


class Cost(NamedTuple):
    """What a scan took."""

    nsides: str
    cpu_seconds: float
    """Of all fits."""


_KNOWN = scans.c.id, scans.c.generation, scans.c.request_hash, scans.c.engine
_LOCK = text("SELECT pg_advisory_xact_lock(:number)")


def take_turns(connection: Connection, names: Iterable[str]) -> None:
    """Wait until no other transaction holds any of these names, and hold them until this one ends.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    for number in sorted({_number(name) for name in names}):
        connection.execute(_LOCK, {"number": number})


def find_by_key(connection: Connection, owner: str, key: str) -> Known | None:
    """The owner's scan of an idempotency key."""
    query = select(*_KNOWN).where(scans.c.owner == owner, scans.c.idempotency_key == key)
    return _known(connection.execute(query).mappings().one_or_none())


def find_recent(
    connection: Connection, owner: str, request_hash: str, between: tuple[float, float], without: Collection[str]
) -> Known | None:
    """The owner's first scan of an equal request between moments: not deleted, nor in one of the statuses `without`."""
    c = scans.c
    query = (
        select(*_KNOWN)
        .where(c.owner == owner, c.request_hash == request_hash, c.created.between(*between), c.is_deleted.is_(False))
        .where(c.status.not_in(without), c.target.not_in(without))
        .order_by(c.created, c.id)
        .limit(1)
    )
    return _known(connection.execute(query).mappings().one_or_none())


def add(connection: Connection, row: dict[str, object]) -> None:
    """Store a scan; columns that are not named stay null."""
    connection.execute(insert(scans).values(**row))


def costs(connection: Connection, reco: str, status: str, event: str | None, limit: int) -> list[Cost]:
    """What earlier scans of an algorithm took, the latest first.

    Parameters
    ----------
    reco
        With its options.
    status
        Only of scans in this one.
    event
        Only of this one; None: of any.
    limit
        As many scans at most.
    """
    c = scans.c
    query = select(c.nsides, c.cpu_seconds).where(c.status == status, c.reco == reco, c.fits_done > 0)
    if event is not None:
        query = query.where(c.event == event)
    return [Cost(*row) for row in connection.execute(query.order_by(c.created.desc()).limit(limit))]


def _known(row: Mapping[Any, Any] | None) -> Known | None:
    return None if row is None else Known(**row)


def _number(name: str) -> int:
    """A name of PostgreSQL's advisory locks."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
