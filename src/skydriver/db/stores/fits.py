"""Fits: wanted, leased, done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Row, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from skydriver.db.schema.fits import DONE, LEASED, OPEN
from skydriver.db.stores.tasks import Key
from skydriver.db.tables import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

Fit: TypeAlias = Row[*tuple[Any, ...]]
"""A row of the table, columns as attributes."""
NUMBERS = ("llh", "E_in", "E_tot", "x", "y", "z", "t")
VALUES = (*NUMBERS, "cpu_seconds", "error")
"""What comes out of a fit."""
c = fits.c


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
    if rows:
        dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
        zero = {"state": OPEN, "failures": 0, "losses": 0}
        connection.execute(dialect.insert(fits).on_conflict_do_nothing(), [zero | row for row in rows])


def open_keys(connection: Connection, scan: str) -> list[Key]:
    """The fits that nobody has."""
    query = select(c.nside, c.round, c.pixel, c.seeds).where(c.scan == scan, c.state == OPEN)
    return [Key(*row) for row in connection.execute(query)]


def drop(connection: Connection, scan: str, keys: Iterable[Key]) -> None:
    """Take away open fits that no plan wants any more."""
    rows = [{"k_scan": scan} | {f"k_{name}": value for name, value in key._asdict().items()} for key in keys]
    if rows:
        connection.execute(delete(fits).where(_BY_KEY, c.state == OPEN), rows)


def next_open(connection: Connection, scan: str, limit: int, avoided_by: str | None) -> Sequence[Fit]:
    """The first open fits, in order; without those that failed on the worker `avoided_by`."""
    query = select(c.nside, c.round, c.pixel, c.seeds, c.payload, c.failures, c.losses).where(
        c.scan == scan, c.state == OPEN
    )
    if avoided_by is not None:
        query = query.where(or_(c.avoid.is_(None), c.avoid != avoided_by))
    return connection.execute(query.order_by(c.nside, c.round, c.number).limit(limit)).all()


def lease(connection: Connection, scan: str, keys: Sequence[Key], task: str) -> None:
    """Give open fits to a task."""
    rows = [{"k_scan": scan} | {f"k_{name}": value for name, value in key._asdict().items()} for key in keys]
    connection.execute(update(fits).where(_BY_KEY).values(state=LEASED, task=task), rows)


def of_round(connection: Connection, scan: str, nside: int, number: int, pixels: Sequence[int]) -> Sequence[Fit]:
    """The fits of some pixels in a round, as they are."""
    query = select(c.pixel, c.seeds, c.state, c.task, c.failures, c.losses)
    where = (c.scan == scan, c.nside == nside, c.round == number, c.pixel.in_(pixels))
    return connection.execute(query.where(*where)).all()


def set_many(connection: Connection, scan: str, rows: Sequence[tuple[Key, dict[str, object]]]) -> None:
    """Set the same columns of several fits."""
    if rows:
        names = list(rows[0][1])
        statement = update(fits).where(_BY_KEY).values({name: bindparam(f"v_{name}") for name in names})
        connection.execute(statement, [_parameters(scan, key, values) for key, values in rows])


def free(connection: Connection, task: str) -> None:
    """What a task still holds is open again."""
    connection.execute(update(fits).where(c.task == task, c.state == LEASED).values(state=OPEN, task=None))


def close(connection: Connection, scan: str) -> None:
    """Nothing of a scan that ends is open or leased any more: what is not done is not wanted."""
    connection.execute(delete(fits).where(c.scan == scan, c.state != DONE))


def forget(connection: Connection, scan: str) -> None:
    """Take away all fits of a scan."""
    connection.execute(delete(fits).where(c.scan == scan))


def pending(connection: Connection, scan: str) -> Pending:
    """How many are open and how many leased."""
    query = select(c.state, func.count()).where(c.scan == scan, c.state.in_((OPEN, LEASED))).group_by(c.state)
    counts: dict[int, int] = {state: n for state, n in connection.execute(query)}  # noqa: C416 - rows are no pairs
    return Pending(counts.get(OPEN, 0), counts.get(LEASED, 0))


def count_open(connection: Connection, scan: str) -> int:
    """How many nobody has."""
    query = select(func.count()).select_from(fits).where(c.scan == scan, c.state == OPEN)
    return int(connection.execute(query).scalar_one())


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


_BY_KEY = and_(
    c.scan == bindparam("k_scan"),
    c.nside == bindparam("k_nside"),
    c.round == bindparam("k_round"),
    c.pixel == bindparam("k_pixel"),
    c.seeds == bindparam("k_seeds"),
)


def _parameters(scan: str, key: Key, values: dict[str, object]) -> dict[str, object]:
    named = {f"k_{name}": value for name, value in key._asdict().items()}
    return {"k_scan": scan} | named | {f"v_{name}": value for name, value in values.items()}


def is_pending(connection: Connection, scan: str, nside: int, number: int) -> bool:
    """Whether any fit of a round is not done."""
    query = select(c.pixel).where(c.scan == scan, c.nside == nside, c.round == number, c.state != DONE).limit(1)
    return connection.execute(query).first() is not None
