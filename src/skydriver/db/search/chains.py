"""Chains of JSON values: the tables of a subquery that lead from a document to each value at a path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.db.search.terms import Json, Order, Scalar

Test: TypeAlias = "Callable[[str], str]"
"""From the alias of a value to a condition on it, both as SQL."""


class Chain(NamedTuple):
    """What stands behind FROM and WHERE."""

    tables: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    last: str = ""
    """Alias of the values at the end."""

    def then(self, *tables: str, where: str, last: str) -> Chain:
        """One step more."""
        return Chain((*self.tables, *tables), (*self.where, where), last)

    def exists(self, *more: str) -> str:
        """Whether there is a value at the end for which `more` is true."""
        where = " AND ".join((*self.where, *more)) or "1 = 1"
        return f"EXISTS (SELECT 1 FROM {', '.join(self.tables)} WHERE {where})"  # noqa: S608 - values are parameters


class Names:
    """The names of a statement's parameters and aliases, and the parameters' values.

    Parameters
    ----------
    prefix
        Letters that all names begin with.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.values: dict[str, Any] = {}
        self._n_aliases = 0

    def parameter(self, value: object) -> str:
        """A parameter, as SQL."""
        name = f"{self._prefix}_value{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def alias(self) -> str:
        """A name that nothing else has."""
        self._n_aliases += 1
        return f"{self._prefix}{self._n_aliases}"


class JsonSql(Protocol):
    """How one database looks into JSON. Documents and keys come as SQL, values as they are."""

    def whole(self, document: str) -> Chain:
        """The document itself; null where there is none."""

    def first(self, document: str, key: str) -> Chain:
        """The member of a document."""

    def member(self, chain: Chain, key: str) -> Chain:
        """The member of each value that is an object, and of each object in a list."""

    def item(self, chain: Chain, index: int) -> Chain:
        """The item of each value that is a list."""

    def items(self, alias: str) -> Chain:
        """The items of a value; none where it is no list."""

    def lacks_first(self, document: str, key: str) -> str:
        """Whether a document has no such member."""

    def lacks(self, alias: str, key: str) -> str:
        """Whether a value is neither object nor list, or an object there has no such member."""

    def key(self, name: str) -> str:
        """A key as a parameter."""

    def equals(self, value: Json) -> Test:
        """Whether a value is another."""

    def ordered(self, order: Order, value: Scalar) -> Test:
        """Whether a value is of the same kind as another and so ordered to it."""

    def one_of(self, values: tuple[str, ...] | tuple[float, ...]) -> Test:
        """Whether a value is one of some texts, or of some numbers."""

    def text(self, alias: str) -> str:
        """A value as text; null where it is none."""
