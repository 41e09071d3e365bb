"""A turn: one transaction of coordination, the news that come of it, and the ledgers that it uses."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from skydriver.db.stores import feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.db.commit_points import CommitPoint
    from skydriver.db.database import Connection
    from skydriver.services.context import Service
    from skydriver.services.coordination.ledgers import Kept
    from skydriver.services.coordination.news import Announcement, Kind


@dataclass(frozen=True, slots=True)
class Turn:
    """What is at hand within one transaction."""

    service: Service
    connection: Connection
    now: float
    """Seconds since 1970, of the database's clock."""
    ledgers: dict[str, Kept] = field(default_factory=dict)
    """To be kept once it is committed, by scan; of one that is not, another is made of the rows."""
    finished: list[str] = field(default_factory=list)
    """Scans whose next step is the reconciler's, once it is committed."""
    announced: list[Announcement] = field(default_factory=list)
    """News, in order."""

    def announce(self, scan_id: str, kind: Kind, **facts: Any) -> None:
        """Let whoever follows a scan know of it, once it is committed; facts are JSON."""
        self.announced.append((scan_id, kind, facts))


@contextmanager
def take_turn(service: Service, name: CommitPoint) -> Iterator[Turn]:
    """Write; afterwards, and only then, ring for those who wait for what was done."""
    with service.database.transaction(name) as connection:
        taken = Turn(service, connection, service.database.now(connection))
        yield taken
        feed.add(connection, taken.now, taken.announced)
    for scan, kept in taken.ledgers.items():
        service.ledgers.put(scan, kept)
    if taken.finished:
        service.scans.ring()
    if taken.announced:
        service.tell(taken.announced)
