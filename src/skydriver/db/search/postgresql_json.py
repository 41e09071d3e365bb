"""JSON in PostgreSQL: `jsonb`, whose numbers are exact, and whose lists and objects are compared as wholes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skydriver.db.search.chains import Chain
from skydriver.db.search.sqlite_json import SIGNS

if TYPE_CHECKING:
    from skydriver.db.search.chains import Names, Test
    from skydriver.db.search.terms import Json, Order, Scalar


class PostgresqlJson:
    """As `skydriver.db.search.chains.JsonSql`; a value is the column `j` of its alias."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def whole(self, document: str) -> Chain:
        """The document itself."""
        alias = self._names.alias()
        return Chain((_one(f"coalesce({document}, CAST('null' AS jsonb))", alias),), (), alias)

    def first(self, document: str, key: str) -> Chain:
        """The member of a document."""
        alias = self._names.alias()
        return Chain((_one(f"{document} -> {key}", alias),), (f"{alias}.j IS NOT NULL",), alias)

    def member(self, chain: Chain, key: str) -> Chain:
        """Of objects, and of objects in lists."""
        each, alias = self._names.alias(), self._names.alias()
        objects = f"jsonb_array_elements({_unwrapped(chain.last)}) {each}(j)"
        return chain.then(objects, _one(f"{each}.j -> {key}", alias), where=f"{alias}.j IS NOT NULL", last=alias)

    def item(self, chain: Chain, index: int) -> Chain:
        """Of lists."""
        alias = self._names.alias()
        table = _one(f"CASE jsonb_typeof({chain.last}.j) WHEN 'array' THEN {chain.last}.j -> {index} END", alias)
        return chain.then(table, where=f"{alias}.j IS NOT NULL", last=alias)

    def items(self, alias: str) -> Chain:
        """Of a value."""
        new = self._names.alias()
        return Chain((f"jsonb_array_elements({_list(alias)}) {new}(j)",), (), new)

    def lacks_first(self, document: str, key: str) -> str:
        """Whether a document has no such member."""
        return f"{document} -> {key} IS NULL"

    def lacks(self, alias: str, key: str) -> str:
        """Whether something there has no such member."""
        each = self._names.alias()
        objects = Chain((f"jsonb_array_elements({_unwrapped(alias)}) {each}(j)",))
        lacking = objects.exists(f"jsonb_typeof({each}.j) = 'object'", f"{each}.j -> {key} IS NULL")
        return f"(jsonb_typeof({alias}.j) NOT IN ('array', 'object') OR {lacking})"

    def key(self, name: str) -> str:
        """A parameter."""
        return f"CAST({self._names.parameter(name)} AS text)"

    def equals(self, value: Json) -> Test:
        """Of any kind."""
        right = self._json(value)
        return lambda alias: f"{alias}.j = {right}"

    def ordered(self, order: Order, value: Scalar) -> Test:
        """Texts by their letters' numbers."""
        sign = SIGNS[order]
        if isinstance(value, str):
            text = f"CAST({self._names.parameter(value)} AS text)"
            return lambda alias: f'({self.text(alias)} COLLATE "C" {sign} {text}) IS TRUE'
        kind, right = "boolean" if isinstance(value, bool) else "number", self._json(value)
        return lambda alias: f"(jsonb_typeof({alias}.j) = '{kind}' AND {alias}.j {sign} {right})"

    def one_of(self, values: tuple[str, ...] | tuple[float, ...]) -> Test:
        """All values come as one parameter."""
        listed = f"SELECT jsonb_array_elements({self._json(list(values))})"
        return lambda alias: f"{alias}.j IN ({listed})"

    def text(self, alias: str) -> str:
        """Null where it is none."""
        return f"(CASE jsonb_typeof({alias}.j) WHEN 'string' THEN {alias}.j #>> '{{}}' END)"

    def _json(self, value: Json | list[str | float]) -> str:
        return f"CAST({self._names.parameter(json.dumps(value))} AS jsonb)"


def _one(value: str, alias: str) -> str:
    """One value, read once: without the offset it would be put in wherever it is used."""
    return f"LATERAL (SELECT {value} AS j OFFSET 0) {alias}"


def _list(alias: str) -> str:
    return f"CASE jsonb_typeof({alias}.j) WHEN 'array' THEN {alias}.j ELSE CAST('[]' AS jsonb) END"


def _unwrapped(alias: str) -> str:
    """A list as it is, an object as a list of one."""
    return (
        f"CASE jsonb_typeof({alias}.j) WHEN 'array' THEN {alias}.j "
        f"WHEN 'object' THEN jsonb_build_array({alias}.j) ELSE CAST('[]' AS jsonb) END"
    )
