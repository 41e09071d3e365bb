"""Workers that say nothing any more: what they hold is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import tasks, workers
from skydriver.services.coordination.freeing import bury, expire
from skydriver.services.coordination.turn import take_turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.services.context import Service

LEASES_AHEAD = 3.0
"""A lease until later than so many times its length was given before the clock was set back."""


def free_expired(service: Service) -> bool:
    """Free the tasks whose time is over, and take leave of silent workers. Whether there were any."""
    length = service.settings.lease_s
    with service.database.reading() as connection:
        now = service.database.now(connection)
        late = tasks.expired(connection, now, now + LEASES_AHEAD * length)
        silent = workers.silent_since(connection, now - LEASES_AHEAD * length)
    if not late and not silent:
        return False
    with take_turn(service, CommitPoint.EXPIRE) as turn:
        latest = turn.now + LEASES_AHEAD * length
        for task in tasks.expired(turn.connection, turn.now, latest):
            expire(turn, task, "its worker was silent for too long", suspect=False)
        for worker in workers.silent_since(turn.connection, turn.now - LEASES_AHEAD * length):
            bury(turn, worker, "silent for too long", suspect=False)
    service.work.ring()
    return True


def free_all_local(
    service: Service, pool: str, reason: str, is_gone: Callable[[workers.Worker], bool] = lambda _worker: True
) -> None:
    """Take leave of workers of a pool, those that are gone: of a service that ended, when the next begins."""
    with take_turn(service, CommitPoint.EXPIRE) as turn:
        for worker in workers.living(turn.connection, pool):
            if is_gone(worker):
                bury(turn, worker.id, reason, suspect=False)
