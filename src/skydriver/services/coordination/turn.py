"""A turn: one transaction of coordination, and the ledgers that it uses, which survive it only if it is committed."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.db.commit_points import CommitPoint
    from skydriver.db.database import Connection
    from skydriver.services.context import Service
    from skydriver.services.coordination.ledgers import Kept


@dataclass(frozen=True, slots=True)
class Turn:
    """What is at hand within one transaction."""

    service: Service
    connection: Connection
    now: float
    """Seconds since 1970, of the database's clock."""
    ledgers: dict[str, Kept] = field(default_factory=dict)
    """To be kept once it is committed, by scan."""
    finished: list[str] = field(default_factory=list)
    """Scans whose next step is the reconciler's, once it is committed."""


@contextmanager
def take_turn(service: Service, name: CommitPoint) -> Iterator[Turn]:
    """Write; afterwards, and only then, ring for the reconciler where a scan is finished."""
    with service.database.transaction(name) as connection:
        taken = Turn(service, connection, service.database.now(connection))
        yield taken
    for scan, kept in taken.ledgers.items():
        service.ledgers.put(scan, kept)
    if taken.finished:
        service.scans.ring()
