"""Filters, as MongoDB writes them: read, checked and made into terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from skydriver.db.search.terms import All, Equals, Exists, Field, Json, Matches, Not, OneOf, Order, Ordered, Some, Term
from skydriver.errors import SettingError
from skydriver.services.json_values import Bounds, check_value, told
from skydriver.services.search.fields import find_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

FILTER: Final = "filter"
SIZE: Final = Bounds(values=10_000, characters=200_000, depth=24, plain_text=True)
"""Of a filter."""
MAX_TERMS: Final = 100
"""Conditions on members."""
MAX_NESTED: Final = 8
"""Levels of $and, $or and $not."""
MAX_LISTED: Final = 1000
"""Values behind $in and $nin."""
MAX_WHOLE: Final = 100
"""Values in all the lists and objects that a filter compares."""
MAX_PATTERNS: Final = 5
MAX_PATTERN: Final = 1000
"""Characters of a pattern."""
ORDERS: Final = ("$gt", "$gte", "$lt", "$lte")
OPERATORS: Final = ("$eq", "$ne", *ORDERS, "$in", "$nin", "$exists", "$regex", "$not")
"""Behind a member's name."""
JOINING: Final = ("$and", "$or")
HINTS: Final = {
    "$options": "write flags into the pattern: (?i)",
    "$nor": "write $and of $not",
    "$all": "write $and",
    "$elemMatch": "write a path into the list",
}
NEVER: Final = Some(())


def read_filter(value: object) -> Term:
    """A filter as a term.

    Raises
    ------
    SettingError
        Naming ``filter``: if it is no object, too large or too deep, has an operator that is not known, or a member
        that cannot be searched by.
    """
    if not isinstance(value, dict):
        raise SettingError(FILTER, f"is {told(value)}, not an object")
    check_value(FILTER, value, SIZE)
    return _Reader().objects(value, 0)


def _refuse(problem: str) -> SettingError:
    return SettingError(FILTER, problem)


class _Reader:
    """Of one filter: it counts what the filter holds."""

    def __init__(self) -> None:
        self._n = {"conditions": 0, "values in lists and objects to compare": 0, "patterns": 0}
        self._most = dict(zip(self._n, (MAX_TERMS, MAX_WHOLE, MAX_PATTERNS), strict=True))

    def objects(self, value: dict[str, Json], depth: int) -> Term:
        """All of an object's members."""
        if depth > MAX_NESTED:
            raise _refuse(f"has $and, $or and $not nested deeper than {MAX_NESTED} levels")
        return All(tuple(self._member(name, item, depth) for name, item in value.items()))

    def _member(self, name: str, value: Json, depth: int) -> Term:
        if name in JOINING:
            return self._joined(name, value, depth)
        if name.startswith("$"):
            raise _refuse(_no_operator(name, f"behind no member there are {' and '.join(JOINING)}"))
        return self._condition(find_field(FILTER, name), value, depth)

    def _joined(self, name: str, value: Json, depth: int) -> Term:
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            raise _refuse(f"{name} takes a list of one or more objects, not {told(value)}")
        terms = tuple(self.objects(cast("dict[str, Json]", item), depth + 1) for item in value)
        return All(terms) if name == "$and" else Some(terms)

    def _condition(self, field: Field, value: Json, depth: int) -> Term:
        """A value, or an object of operators."""
        operators = isinstance(value, dict) and any(key.startswith("$") for key in value)
        if not operators:
            return self._equals(field, value)
        return All(
            tuple(self._operator(field, name, item, depth) for name, item in cast("dict[str, Json]", value).items())
        )

    def _operator(self, field: Field, name: str, value: Json, depth: int) -> Term:
        readers: dict[str, Callable[[], Term]] = {
            "$eq": lambda: self._equals(field, value),
            "$ne": lambda: Not(self._equals(field, value)),
            "$in": lambda: self._one_of(field, name, value),
            "$nin": lambda: Not(self._one_of(field, name, value)),
            "$exists": lambda: self._exists(field, value),
            "$regex": lambda: self._matches(field, value),
            "$not": lambda: self._not(field, value, depth),
            **{order: lambda: self._ordered(field, cast("Order", name), value) for order in ORDERS},
        }
        if name not in readers:
            raise _refuse(_no_operator(name, f"there are {', '.join(OPERATORS)}"))
        return readers[name]()

    def _equals(self, field: Field, value: Json) -> Term:
        self._count("conditions")
        if isinstance(value, list | dict):
            self._count("values in lists and objects to compare", _n_within(value))
        return Equals(field, value)

    def _ordered(self, field: Field, order: Order, value: Json) -> Term:
        """Null is as great as null alone."""
        self._count("conditions")
        if isinstance(value, list | dict):
            raise _refuse(f"{order} takes a number, a text, true or false, not {told(value)}")
        if value is None:
            return Equals(field, None) if order in {"$gte", "$lte"} else NEVER
        return Ordered(field, order, value)

    def _one_of(self, field: Field, name: str, value: Json) -> Term:
        if not isinstance(value, list) or len(value) > MAX_LISTED:
            raise _refuse(f"{name} takes a list of at most {MAX_LISTED} values, not {told(value)}")
        texts = tuple(item for item in value if isinstance(item, str))
        numbers = tuple(item for item in value if isinstance(item, int | float) and not isinstance(item, bool))
        others = [item for item in value if item is None or isinstance(item, bool | list | dict)]
        self._count("conditions", bool(texts) + bool(numbers))
        terms: list[Term] = [OneOf(field, listed) for listed in (texts, numbers) if listed]
        return Some((*terms, *(self._equals(field, item) for item in _different(others))))

    def _exists(self, field: Field, value: Json) -> Term:
        self._count("conditions")
        if not isinstance(value, bool) and value not in (0, 1):
            raise _refuse(f"$exists takes true or false, not {told(value)}")
        return Exists(field) if value else Not(Exists(field))

    def _matches(self, field: Field, value: Json) -> Term:
        self._count("conditions")
        self._count("patterns")
        if not isinstance(value, str) or len(value) > MAX_PATTERN:
            raise _refuse(f"$regex takes a text of at most {MAX_PATTERN} characters, not {told(value)}")
        return Matches(field, value)

    def _not(self, field: Field, value: Json, depth: int) -> Term:
        if depth >= MAX_NESTED:
            raise _refuse(f"has $and, $or and $not nested deeper than {MAX_NESTED} levels")
        if not isinstance(value, dict) or not value or not all(key.startswith("$") for key in value):
            raise _refuse(f"$not takes an object of operators, not {told(value)}")
        return Not(self._condition(field, value, depth + 1))

    def _count(self, what: str, n: int = 1) -> None:
        self._n[what] += n
        if self._n[what] > self._most[what]:
            raise _refuse(f"has more than {self._most[what]} {what}")


def _no_operator(name: str, known: str) -> str:
    hint = f"; {HINTS[name]}" if name in HINTS else ""
    return f"{told(name)[1:-1]} is no operator here; {known}{hint}"


def _n_within(value: Json) -> int:
    """How many values there are in a list or object, itself among them; those with an operator are refused."""
    if isinstance(value, dict):
        wrong = next((key for key in value if key.startswith("$")), None)
        if wrong is not None:
            raise _refuse(f"{told(wrong)[1:-1]} stands in a value to compare; write the path to what it is for: a.b")
        return 1 + sum(map(_n_within, value.values()))
    return 1 + sum(map(_n_within, value)) if isinstance(value, list) else 1


def _different(values: Iterable[Json]) -> list[Json]:
    """Null, true and false once each."""
    found: list[Json] = []
    for value in values:
        if isinstance(value, list | dict) or not any(value is other for other in found):
            found.append(value)
    return found
