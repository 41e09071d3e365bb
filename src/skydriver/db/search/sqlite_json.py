"""JSON in SQLite: `json_each`, which decodes keys and gives each value with its type."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from skydriver.db.search.chains import Chain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.db.search.chains import Names, Test
    from skydriver.db.search.terms import Json, Order, Scalar

SIGNS: Final[dict[Order, str]] = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
IS_NUMBER: Final = "IN ('integer', 'real')"


class SqliteJson:
    """As `skydriver.db.search.chains.JsonSql`. What is no JSON is never given to `json_each`: it would be an error."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def whole(self, document: str) -> Chain:
        """The document itself."""
        alias = self._names.alias()
        return Chain((f"json_each('[' || coalesce({document}, 'null') || ']') {alias}",), (), alias)

    def first(self, document: str, key: str) -> Chain:
        """The member of a document."""
        alias = self._names.alias()
        return Chain((f"json_each({document}) {alias}",), (f"{alias}.key = {key}",), alias)

    def member(self, chain: Chain, key: str) -> Chain:
        """Of objects, and of objects in lists."""
        each, alias = self._names.alias(), self._names.alias()
        objects, members = f"json_each({_unwrapped(chain.last)}) {each}", f"json_each({_object(each)}) {alias}"
        return chain.then(objects, members, where=f"{alias}.key = {key}", last=alias)

    def item(self, chain: Chain, index: int) -> Chain:
        """Of lists."""
        alias = self._names.alias()
        return chain.then(f"json_each({_list(chain.last)}) {alias}", where=f"{alias}.key = {index}", last=alias)

    def items(self, alias: str) -> Chain:
        """Of a value."""
        new = self._names.alias()
        return Chain((f"json_each({_list(alias)}) {new}",), (), new)

    def lacks_first(self, document: str, key: str) -> str:
        """Whether a document has no such member."""
        return f"NOT {self.first(document, key).exists()}"

    def lacks(self, alias: str, key: str) -> str:
        """Whether something there has no such member."""
        each, one = self._names.alias(), self._names.alias()
        has = Chain((f"json_each({_object(each)}) {one}",)).exists(f"{one}.key = {key}")
        lacking = Chain((f"json_each({_unwrapped(alias)}) {each}",)).exists(f"{each}.type = 'object'", f"NOT {has}")
        return f"({alias}.type NOT IN ('array', 'object') OR {lacking})"

    def key(self, name: str) -> str:
        """A parameter."""
        return self._names.parameter(name)

    def equals(self, value: Json) -> Test:
        """Lists and objects are compared part by part: SQLite itself compares nothing but their texts."""
        if isinstance(value, list | dict):
            parts = [(self._strict(path), self._is_like(part)) for path, part in _parts((), value)]
            return lambda alias: "(" + " AND ".join(_reaches(alias, steps, test) for steps, test in parts) + ")"
        return self._is_like(value)

    def ordered(self, order: Order, value: Scalar) -> Test:
        """Texts by their letters' numbers."""
        sign, right = SIGNS[order], self._scalar(value)
        kind = "= 'text'" if isinstance(value, str) else IS_NUMBER
        if isinstance(value, bool):
            kind = "IN ('true', 'false')"
        return lambda alias: f"({alias}.type {kind} AND {alias}.value {sign} {right})"

    def one_of(self, values: tuple[str, ...] | tuple[float, ...]) -> Test:
        """All values come as one parameter."""
        kind = "= 'text'" if isinstance(values[0], str) else IS_NUMBER
        listed = f"SELECT value FROM json_each({self._names.parameter(json.dumps(values))})"  # noqa: S608 - a parameter
        return lambda alias: f"({alias}.type {kind} AND {alias}.value IN ({listed}))"

    def text(self, alias: str) -> str:
        """Null where it is none."""
        return f"CASE {alias}.type WHEN 'text' THEN {alias}.value END"

    def _strict(self, path: tuple[str | int, ...]) -> list[str]:
        """Keys and numbers of a way that leads through nothing else."""
        return [self.key(part) if isinstance(part, str) else str(part) for part in path]

    def _is_like(self, value: Json) -> Test:
        """Whether a value is a scalar, or of the kind and length of a list or an object."""
        if isinstance(value, list | dict):
            kind, n = ("array", len(value)) if isinstance(value, list) else ("object", len(value))
            guard = _list if isinstance(value, list) else _object
            return lambda alias: (
                f"({alias}.type = '{kind}' AND (SELECT count(*) FROM json_each({guard(alias)})) = {n})"  # noqa: S608 - numbers
            )
        if value is None or isinstance(value, bool):
            name = json.dumps(value)
            return lambda alias: f"{alias}.type = '{name}'"
        right, kind = self._scalar(value), "= 'text'" if isinstance(value, str) else IS_NUMBER
        return lambda alias: f"({alias}.type {kind} AND {alias}.value = {right})"

    def _scalar(self, value: Scalar) -> str:
        """A value as SQL; a fraction goes by way of JSON, so that it is read just as those that are stored."""
        if isinstance(value, float):
            return f"json_extract({self._names.parameter(json.dumps(value))}, '$')"
        return self._names.parameter(int(value) if isinstance(value, bool) else value)


def _parts(path: tuple[str | int, ...], value: Json) -> Iterator[tuple[tuple[str | int, ...], Json]]:
    """A value and all that is in it, each with the way to it."""
    yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _parts((*path, key), item)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _parts((*path, number), item)


def _reaches(alias: str, steps: list[str], test: Test) -> str:
    """Whether a value has a part for which a test is true, by a way through members and items."""
    chain = Chain((), (), alias)
    for number, step in enumerate(steps):
        new = f"{alias}_{number}"
        inside = f"json_each(CASE WHEN {chain.last}.type IN ('array', 'object') THEN {chain.last}.value END) {new}"
        chain = chain.then(inside, where=f"{new}.key = {step}", last=new)
    return chain.exists(test(chain.last)) if steps else test(alias)


def _object(alias: str) -> str:
    return f"CASE {alias}.type WHEN 'object' THEN {alias}.value END"


def _list(alias: str) -> str:
    return f"CASE {alias}.type WHEN 'array' THEN {alias}.value END"


def _unwrapped(alias: str) -> str:
    """A list as it is, an object as a list of one."""
    return f"CASE {alias}.type WHEN 'array' THEN {alias}.value WHEN 'object' THEN '[' || {alias}.value || ']' END"
