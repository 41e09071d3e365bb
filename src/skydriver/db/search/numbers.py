"""Numbers against columns: exact, whatever the number's type is and the column's."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Float, false, literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from skydriver.db.search.terms import Order

Number = int | float
LARGEST: Final = 2**63


def equal(column: ColumnElement[float], numbers: Sequence[Number]) -> ColumnElement[bool]:
    """Whether a column is one of some numbers."""
    is_float = isinstance(column.type, Float)
    fitting = [fit for fit in (_as_float(n) if is_float else _as_whole(n) for n in numbers) if fit is not None]
    if not fitting:
        return false()
    kind = Float() if is_float else BigInteger()
    if len(fitting) == 1:
        return column == literal(fitting[0], kind)
    return column.in_([literal(number, kind) for number in fitting])


def ordered(column: ColumnElement[float], order: Order, number: Number) -> ColumnElement[bool]:
    """Whether a column is so ordered to a number."""
    if isinstance(column.type, Float):
        order, near = _float_bound(order, number)
        return compare(column, order, literal(near, Float()))
    bound: Number = math.floor(number) if order in {"$gt", "$lte"} else math.ceil(number)
    if -LARGEST <= bound < LARGEST:
        return compare(column, order, literal(bound, BigInteger()))
    is_below = bound < 0
    return column.is_not(None) if is_below == (order in {"$gt", "$gte"}) else false()


def _as_float(number: Number) -> float | None:
    """The float that is exactly a number."""
    return float(number) if float(number) == number else None


def _as_whole(number: Number) -> int | None:
    """The whole number of 64 bits that is exactly a number."""
    return int(number) if int(number) == number and -LARGEST <= number < LARGEST else None


def _float_bound(order: Order, number: Number) -> tuple[Order, float]:
    """The same about a float: a whole number between two floats is replaced by its neighbour."""
    near = float(number)
    if near > number:
        return ("$gte" if order in {"$gt", "$gte"} else "$lt"), near
    if near < number:
        return ("$gt" if order in {"$gt", "$gte"} else "$lte"), near
    return order, near


def compare(column: ColumnElement[Any], order: Order, value: ColumnElement[Any]) -> ColumnElement[bool]:
    """The comparison by its sign."""
    if order == "$gt":
        return column > value
    if order == "$gte":
        return column >= value
    return column < value if order == "$lt" else column <= value
