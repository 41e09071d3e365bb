"""Searching scans: which there are of which a term is true, in an order, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from sqlalchemy import Boolean, Integer, String, and_, false, literal, literal_column, or_, select, tuple_, union

from skydriver.db.search.columns import sorted_text
from skydriver.db.search.conditions import condition
from skydriver.db.search.documents import Documents
from skydriver.db.search.places import COLUMNS
from skydriver.db.tables import scans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from skydriver.db.database import Connection
    from skydriver.db.search.terms import Field, Scalar, Term

Value: TypeAlias = "Scalar | None"


class Key(NamedTuple):
    """What scans are sorted by."""

    name: str
    """One of `skydriver.db.search.places.COLUMNS`."""
    descends: bool


class Place(NamedTuple):
    """A scan, and the values that it is sorted by."""

    scan_id: str
    values: tuple[Value, ...]


def find(
    connection: Connection, term: Term, keys: Sequence[Key], after: Sequence[Value] | None, limit: int | None
) -> list[Place]:
    """The first scans of which a term is true.

    Parameters
    ----------
    connection
        In a transaction.
    term
        Without `Matches`.
    keys
        Sort by these; the last one is ``scan_id``, so that no two scans are at the same place. Null comes first.
    after
        Only scans behind the place with these values, one for each key.
    limit
        As many at most; None: all.
    """
    dialect = connection.dialect.name
    columns = [COLUMNS[key.name] for key in keys]
    query = select(scans.c.id, *[column.label(f"k{n}") for n, column in enumerate(columns)])
    query = query.where(condition(term, dialect)).order_by(*[_order(key, dialect) for key in keys]).limit(limit)
    if after is not None:
        query = query.where(_behind(keys, after, dialect))
    return [Place(row[0], tuple(row[1:])) for row in connection.execute(query)]


def texts(connection: Connection, field: Field, term: Term, limit: int) -> list[str]:
    """The different texts at a field of the scans of which a term is true, and in lists there; at most `limit`."""
    dialect, column = connection.dialect.name, COLUMNS.get(field.root)
    if column is not None and (field.path or not isinstance(column.type, String)):
        return []
    if column is not None:
        queries = [select(column).where(condition(term, dialect), column.is_not(None))]
    else:
        among = select(scans.c.id).where(condition(term, dialect))
        queries = [each.where(literal_column("scans.id").in_(among)) for each in Documents(dialect, "t").texts(field)]
    found: Any = union(*queries) if len(queries) > 1 else queries[0].distinct()
    return list(connection.execute(found.limit(limit)).scalars())


def fits(name: str, value: object) -> bool:
    """Whether a column may have a value: those of a cursor come from outside."""
    column = COLUMNS[name]
    if value is None:
        return bool(column.nullable)
    if isinstance(column.type, Boolean):
        return isinstance(value, bool)
    if isinstance(column.type, String):
        return isinstance(value, str) and "\0" not in value
    kind = int if isinstance(column.type, Integer) else int | float
    return isinstance(value, kind) and not isinstance(value, bool) and abs(value) < 2**63


def _sorted(key: Key, dialect: str) -> ColumnElement[Any]:
    """A key's column, in an order that is the same everywhere; ids have no letters in which orders differ."""
    column = COLUMNS[key.name]
    is_text = isinstance(column.type, String) and key.name != "scan_id"
    return sorted_text(column, dialect) if is_text else column


def _order(key: Key, dialect: str) -> ColumnElement[Any]:
    column = _sorted(key, dialect)
    ordered = column.desc() if key.descends else column.asc()
    if not COLUMNS[key.name].nullable:
        return ordered
    return ordered.nulls_last() if key.descends else ordered.nulls_first()


def _behind(keys: Sequence[Key], values: Sequence[Value], dialect: str) -> ColumnElement[bool]:
    """Whether a scan comes behind a place."""
    columns = [_sorted(key, dialect) for key in keys]
    bound = [literal(value, COLUMNS[key.name].type) for key, value in zip(keys, values, strict=True)]
    if len({key.descends for key in keys}) == 1 and not any(COLUMNS[key.name].nullable for key in keys):
        return tuple_(*columns) < tuple_(*bound) if keys[0].descends else tuple_(*columns) > tuple_(*bound)
    behind: list[ColumnElement[bool]] = []
    before: list[ColumnElement[bool]] = []
    for key, column, value, right in zip(keys, columns, values, bound, strict=True):
        behind.append(and_(*before, _is_behind(key, column, right, is_null=value is None)))
        before.append(column.is_(None) if value is None else column == right)
    return or_(*behind)


def _is_behind(
    key: Key, column: ColumnElement[Any], value: ColumnElement[Any], *, is_null: bool
) -> ColumnElement[bool]:
    """By one key alone."""
    if is_null:
        return false() if key.descends else column.is_not(None)
    if not key.descends:
        return column > value
    return or_(column < value, column.is_(None)) if COLUMNS[key.name].nullable else column < value
