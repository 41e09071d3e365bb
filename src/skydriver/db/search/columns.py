"""Terms on members of a manifest that have columns of their own, so that indexes are used."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Boolean, Float, Integer, String, bindparam, false, func, literal, select, true
from sqlalchemy.dialects.postgresql import JSONB

from skydriver.db.search import numbers
from skydriver.db.search.places import COLUMNS, OFTEN_MISSING
from skydriver.db.search.terms import Equals, Exists, OneOf, Ordered, Scalar

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from skydriver.db.search.terms import Json, Order, Scalar, Simple

FEW: Final = 100
"""So many texts are named one by one; more of them come as one parameter."""


def write(term: Simple, dialect: str) -> ColumnElement[bool]:
    """A term as SQL, where the database is of `dialect`; unknown is as good as false."""
    column = COLUMNS[term.field.root]
    if term.field.path:  # below a number or a text there is nothing
        return true() if isinstance(term, Equals) and term.value is None else false()
    match term:
        case Equals(_, value):
            return _equals(column, value)
        case OneOf(_, values):
            return _one_of(column, values, dialect)
        case Ordered(_, order, value):
            return _ordered(column, order, value, dialect)
        case Exists():
            return column.is_not(None) if term.field.root in OFTEN_MISSING else true()


def sorted_text(column: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    """A column of texts in the order of their letters' numbers, as SQLite has it anyway."""
    return column.collate("C") if dialect == "postgresql" else column


def _equals(column: ColumnElement[Any], value: Json) -> ColumnElement[bool]:
    if value is None:
        return column.is_(None)
    if isinstance(value, bool):
        return column == literal(value, Boolean()) if isinstance(column.type, Boolean) else false()
    if isinstance(value, int | float):
        return numbers.equal(column, [value]) if _is_number(column) else false()
    if isinstance(value, str) and isinstance(column.type, String):
        return column == literal(value, String())
    return false()


def _one_of(
    column: ColumnElement[Any], values: tuple[str, ...] | tuple[float, ...], dialect: str
) -> ColumnElement[bool]:
    given = [value for value in values if not isinstance(value, str)]
    if given:
        return numbers.equal(column, given) if _is_number(column) else false()
    if not isinstance(column.type, String):
        return false()
    if len(values) <= FEW:
        return column.in_(values)
    listed = bindparam(None, json.dumps(values), String())
    if dialect == "sqlite":
        return column.in_(select(func.json_each(listed).table_valued("value").c.value))
    return column.in_(select(func.jsonb_array_elements_text(listed.cast(JSONB)).column_valued()))


def _ordered(column: ColumnElement[Any], order: Order, value: Scalar, dialect: str) -> ColumnElement[bool]:
    if isinstance(value, str):
        if not isinstance(column.type, String):
            return false()
        return numbers.compare(sorted_text(column, dialect), order, literal(value, String()))
    if isinstance(value, bool):
        if not isinstance(column.type, Boolean):
            return false()
        return numbers.compare(column, order, literal(value, Boolean()))
    return numbers.ordered(column, order, value) if _is_number(column) else false()


def _is_number(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, Integer | Float)
