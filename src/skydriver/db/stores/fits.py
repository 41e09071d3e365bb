"""Fits: wanted, leased, done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.many import execute_many
from skydriver.db.schema.fits import DONE, LEASED, OPEN
from skydriver.db.stores.tasks import Key
from skydriver.db.tables import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

Fit: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes. Statements that are needed for each lease are made once."""
NUMBERS = ("llh", "E_in", "E_tot", "x", "y", "z", "t")
VALUES = (*NUMBERS, "cpu_seconds", "error")
"""What comes out of a fit."""
c = fits.c


_NEW = {"state": OPEN, "failures": 0, "losses": 0}
_WANT = {dialect.dialect.name: dialect.insert(fits).on_conflict_do_nothing() for dialect in (sqlite, postgresql)}
_BY_KEY = and_(
    c.scan == bindparam("k_scan"),
    c.nside == bindparam("k_nside"),
    c.round == bindparam("k_round"),
    c.pixel == bindparam("k_pixel"),
    c.seeds == bindparam("k_seeds"),
)
_DROP = delete(fits).where(_BY_KEY, c.state == OPEN)
_SET = update(fits).where(_BY_KEY)
_LEASE = _SET.values(state=LEASED, task=bindparam("v_task"))
_FREE = update(fits).where(c.task == bindparam("v_task"), c.state == LEASED).values(state=OPEN, task=None)
_OF_SCAN = c.scan == bindparam("scan")
_NEXT_OPEN = (
    select(c.nside, c.round, c.pixel, c.seeds, c.payload, c.failures, c.losses)
    .where(_OF_SCAN, c.state == OPEN)
    .order_by(c.nside, c.round, c.number)
    .limit(bindparam("limit"))
)
_NEXT_OPEN_FOR = _NEXT_OPEN.where(or_(c.avoid.is_(None), c.avoid != bindparam("worker")))
_OF_ROUND = select(c.pixel, c.seeds, c.state, c.task, c.failures, c.losses).where(
    _OF_SCAN,
    c.nside == bindparam("nside"),
    c.round == bindparam("round"),
    c.pixel.in_(bindparam("pixels", expanding=True)),
)
_PENDING = select(c.state, func.count()).where(_OF_SCAN, c.state.in_((OPEN, LEASED))).group_by(c.state)
_COUNT_OPEN = select(func.count()).select_from(fits).where(_OF_SCAN, c.state == OPEN)


class Pending(NamedTuple):
    """How many fits of a scan are not done."""

    open: int
    leased: int


class Tallied(NamedTuple):
    """How far one round is."""

    nside: int
    round: int
    wanted: int
    done: int
    cpu_seconds: float


def want(connection: Connection, rows: Sequence[dict[str, object]]) -> None:
    """Store fits that a plan wants; one that is there already stays as it is."""
    execute_many(connection, _WANT[connection.dialect.name], [_NEW | row for row in rows])


def open_keys(connection: Connection, scan: str) -> list[Key]:
    """The fits that nobody has."""
    query = select(c.nside, c.round, c.pixel, c.seeds).where(c.scan == scan, c.state == OPEN)
    return [Key(*row) for row in connection.execute(query)]


def drop(connection: Connection, scan: str, keys: Iterable[Key]) -> None:
    """Take away open fits that no plan wants any more."""
    execute_many(connection, _DROP, [_named(scan, key) for key in keys])


def next_open(connection: Connection, scan: str, limit: int, avoided_by: str | None) -> Sequence[Fit]:
    """The first open fits, in order; without those that failed on the worker `avoided_by`."""
    given = {"scan": scan, "limit": limit}
    if avoided_by is None:
        return connection.execute(_NEXT_OPEN, given).all()
    return connection.execute(_NEXT_OPEN_FOR, given | {"worker": avoided_by}).all()


def lease(connection: Connection, scan: str, keys: Sequence[Key], task: str) -> None:
    """Give open fits to a task."""
    execute_many(connection, _LEASE, [_named(scan, key) | {"v_task": task} for key in keys])


def of_round(connection: Connection, scan: str, nside: int, number: int, pixels: Sequence[int]) -> Sequence[Fit]:
    """The fits of some pixels in a round, as they are."""
    given = {"scan": scan, "nside": nside, "round": number, "pixels": pixels}
    return connection.execute(_OF_ROUND, given).all()


def leased_of(connection: Connection, scan: str, nside: int, number: int, task: str) -> Sequence[Fit]:
    """The fits of a round that a task holds, with what a worker needs of them, in order."""
    query = select(c.nside, c.round, c.pixel, c.seeds, c.payload, c.state, c.failures, c.losses)
    of_round = (c.scan == scan, c.nside == nside, c.round == number, c.task == task, c.state == LEASED)
    return connection.execute(query.where(*of_round).order_by(c.number)).all()


def holds(connection: Connection, task: str) -> bool:
    """Whether a task holds any fit."""
    return connection.execute(select(c.pixel).where(c.task == task, c.state == LEASED).limit(1)).first() is not None


def set_many(connection: Connection, scan: str, rows: Sequence[tuple[Key, dict[str, object]]]) -> None:
    """Set the same columns of several fits."""
    execute_many(connection, _SET, [_named(scan, key) | values for key, values in rows])


def free(connection: Connection, task: str) -> None:
    """What a task still holds is open again."""
    connection.execute(_FREE, {"v_task": task})


def close(connection: Connection, scan: str) -> None:
    """Nothing of a scan that ends is open or leased any more: what is not done is not wanted."""
    connection.execute(delete(fits).where(c.scan == scan, c.state != DONE))


def forget(connection: Connection, scan: str) -> None:
    """Take away all fits of a scan."""
    connection.execute(delete(fits).where(c.scan == scan))


def pending(connection: Connection, scan: str) -> Pending:
    """How many are open and how many leased."""
    found = connection.execute(_PENDING, {"scan": scan})
    counts: dict[int, int] = {state: n for state, n in found}  # noqa: C416 - rows are no pairs
    return Pending(counts.get(OPEN, 0), counts.get(LEASED, 0))


def count_open(connection: Connection, scan: str) -> int:
    """How many nobody has."""
    return int(connection.execute(_COUNT_OPEN, {"scan": scan}).scalar_one())


def tallies(connection: Connection, scan: str) -> list[Tallied]:
    """How far each round is, in order."""
    done = func.count().filter(c.state == DONE)
    seconds = func.coalesce(func.sum(c.cpu_seconds), 0.0)
    query = select(c.nside, c.round, func.count(), done, seconds).where(c.scan == scan)
    rows = connection.execute(query.group_by(c.nside, c.round).order_by(c.nside, c.round))
    return [Tallied(nside, number, int(n), int(done), float(spent)) for nside, number, n, done, spent in rows]


def best(connection: Connection, scan: str) -> tuple[int, int, float] | None:
    """Nside, pixel and llh of the best fit so far: ties to the finer stage, then to the lower pixel; None without."""
    query = select(c.nside, c.pixel, c.llh).where(c.scan == scan, c.state == DONE, c.llh.is_not(None))
    row = connection.execute(query.order_by(c.llh, c.nside.desc(), c.pixel).limit(1)).one_or_none()
    return None if row is None else (row.nside, row.pixel, row.llh)


def finished(connection: Connection, scan: str, nside: int = 0, number: int = 0) -> Sequence[Fit]:
    """The fits that are done; only those of a round and what comes behind it, where one is given."""
    behind = or_(c.nside > nside, and_(c.nside == nside, c.round >= number))
    query = select(c.nside, c.round, c.pixel, c.seeds, *[c[name] for name in VALUES])
    return connection.execute(query.where(c.scan == scan, c.state == DONE, behind)).all()


def done_after(connection: Connection, scan: str, sequence: int, limit: int) -> Sequence[Fit]:
    """Fits that were done behind the one of that number, in order: sequence, nside, round, pixel and llh of each."""
    query = select(c.sequence, c.nside, c.round, c.pixel, c.llh).where(c.scan == scan, c.sequence > sequence)
    return connection.execute(query.order_by(c.sequence).limit(limit)).all()


def is_pending(connection: Connection, scan: str, nside: int, number: int) -> bool:
    """Whether any fit of a round is not done."""
    query = select(c.pixel).where(c.scan == scan, c.nside == nside, c.round == number, c.state != DONE).limit(1)
    return connection.execute(query).first() is not None


def _named(scan: str, key: Key) -> dict[str, object]:
    """A fit's key, as `_BY_KEY` calls its parts."""
    nside, number, pixel, seeds = key
    return {"k_scan": scan, "k_nside": nside, "k_round": number, "k_pixel": pixel, "k_seeds": seeds}
