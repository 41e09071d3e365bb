"""How things stand: numbers of the database, read when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.db.stores import tallies
from skydriver.services.coordination.backlog import ALERT
from skydriver.services.coordination.states import ENDED, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.services.context import Service

CLASSES: Final = ("alert", "high", "normal", "low")
"""Of priority: from 100 on, from 1 on, 0, below."""
LIVING: Final = tuple(status for status in Status if status not in ENDED)


class Levels(NamedTuple):
    """Numbers as of one moment."""

    scans: Mapping[str, int]
    """Those that have not ended, by status."""
    queue: Mapping[str, int]
    """Those that wait for their turn, by class of priority."""
    oldest_s: float
    """For so long the scan waits that was submitted first of those; 0 without any."""
    workers: Mapping[str, int]
    """Alive, by pool."""
    leases: int
    """Tasks that workers hold."""


def levels(service: Service) -> Levels:
    """How things stand; an `UnavailableError` where the database is away."""
    with service.database.reading() as connection:
        now = service.database.now(connection)
        counted = tallies.by_status(connection, LIVING)
        waiting = tallies.by_priority(connection, Status.QUEUED)
        oldest = tallies.oldest(connection, Status.QUEUED)
        alive, leases = tallies.workers_alive(connection), tallies.open_tasks(connection)
    queue = dict.fromkeys(CLASSES, 0)
    for priority, count in waiting.items():
        queue[class_of(priority)] += count
    scans = {str(status): counted.get(status, 0) for status in LIVING}
    return Levels(scans, queue, 0.0 if oldest is None else max(0.0, now - oldest), alive, leases)


def class_of(priority: int) -> str:
    """The class that a scan belongs to."""
    if priority >= ALERT:
        return "alert"
    return "high" if priority > 0 else "normal" if priority == 0 else "low"
