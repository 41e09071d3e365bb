"""Workers: they register, live, log and go. What a worker held is free for others as soon as it is known to be gone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pools, prepared, scan_log, tasks, workers
from skydriver.errors import ImpossibleError, UnknownError
from skydriver.services.coordination.freeing import bury
from skydriver.services.coordination.turn import take_turn
from skydriver.services.coordination.wire import ENGINE, PROTOCOL, Registered
from skydriver.services.coordination.yielding import is_to_yield

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.config import Settings
    from skydriver.services.context import Service
    from skydriver.services.coordination.wire import Answer, Registration

HEARTBEATS_PER_S = 100.0
"""Of all workers of a pool together."""


class OutdatedError(ImpossibleError):
    """A worker is of another release than the service: it cannot serve."""

    code = "outdated"


def register(service: Service, token: str, said: Registration) -> Registered:
    """Take note of a worker.

    Parameters
    ----------
    service
        The service.
    token
        Hash of the token that it came with.
    said
        Its first words.

    Raises
    ------
    OutdatedError
        If it speaks another protocol or is of another release.
    """
    if said.protocol != PROTOCOL:
        raise OutdatedError(f"protocol: this service speaks version {PROTOCOL}, not {said.protocol}")
    if said.engine != ENGINE:
        raise OutdatedError(f"engine: this service is {ENGINE}, not {said.engine}")
    worker = secrets.token_hex(8)
    about = said.model_dump(exclude={"protocol"})
    with take_turn(service, CommitPoint.REGISTER) as turn:
        pool = pools.get(turn.connection, said.pool)
        about["scan"] = None if pool is None else pool.scan
        workers.add(turn.connection, id=worker, token=token, registered=turn.now, seen=turn.now, **about)
        living = workers.count_living(turn.connection, said.pool)
    return Registered(worker, _heartbeat_s(service.settings, living), service.settings.lease_s)


def _heartbeat_s(settings: Settings, living: int) -> float:
    """How often a worker of so many says that it lives: all together not more than the service hears besides."""
    return min(max(settings.heartbeat_s, living / HEARTBEATS_PER_S), settings.lease_s / 3.0)


def owns(service: Service, token: str, worker_id: str) -> bool:
    """Whether a worker registered with the token of this hash; an `UnknownError` where there is no such worker."""
    with service.database.reading() as connection:
        worker = workers.get(connection, worker_id)
    if worker is None:
        raise UnknownError(f"worker: no worker {worker_id!r} registered")
    return bool(worker.token == token)


def heartbeat(service: Service, worker_id: str, task: str | None) -> Answer:
    """A worker lives, and keeps its task, unless that is not its own any more or an alert needs the worker."""
    with take_turn(service, CommitPoint.HEARTBEAT) as turn:
        worker = workers.get(turn.connection, worker_id)
        if worker is None:
            raise UnknownError(f"worker: no worker {worker_id!r} registered")
        workers.see(turn.connection, worker_id, turn.now)
        until = turn.now + service.settings.lease_s
        if task is None:
            return "continue"
        if not tasks.extend(turn.connection, task, worker_id, until):
            return "stop"
        return "yield" if is_to_yield(turn, worker, task) else "continue"


def gone(service: Service, token: str, reason: str) -> None:
    """Whoever registered with the token of this hash has died: its tasks are free at once.

    The first fit of each is suspected of it, and sent alone from then on.
    """
    with take_turn(service, CommitPoint.EXPIRE) as turn:
        for worker in workers.with_token(turn.connection, token):
            bury(turn, worker, reason, suspect=True)
    service.work.ring()
    service.scans.ring()


def log_lines(service: Service, worker_id: str, scan_id: str | None, lines: Sequence[str]) -> None:
    """Keep what a worker says of a scan that it has, or had, a task of; what it says of nothing is for its own log."""
    with take_turn(service, CommitPoint.LOG) as turn:
        if scan_id is not None and tasks.was_of(turn.connection, worker_id, scan_id):
            scan_log.add_of_worker(turn.connection, turn.now, scan_id, worker_id, lines)


def prepared_event(service: Service, name: str) -> bytes:
    """The pulses of this hash, as workers take them."""
    with service.database.reading() as connection:
        found = prepared.read(connection, name)
    if found is None:
        raise UnknownError(f"event: there is none of the hash {name[:64]!r}")
    return found
