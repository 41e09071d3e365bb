"""Terms on members of a manifest that lie in documents of JSON, as MongoDB reads paths through objects and lists."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from sqlalchemy import String, literal_column, select, text

from skydriver.db.search.chains import Names
from skydriver.db.search.places import DOCUMENTS
from skydriver.db.search.postgresql_json import PostgresqlJson
from skydriver.db.search.sqlite_json import SqliteJson
from skydriver.db.search.terms import Equals, Exists, OneOf, Ordered

if TYPE_CHECKING:
    from sqlalchemy import Select, TextClause

    from skydriver.db.search.chains import Chain, JsonSql, Test
    from skydriver.db.search.terms import Field, Simple

_PARAMETER: Final = re.compile(r":([a-z]+_value\d+)", re.ASCII)


class Documents:
    """What writes terms of one statement.

    Parameters
    ----------
    dialect
        Of the database: ``sqlite`` or ``postgresql``.
    prefix
        Letters that names begin with, where a statement has several writers.
    """

    def __init__(self, dialect: str, prefix: str = "j") -> None:
        self._names = Names(prefix)
        self._dialect = dialect
        self._json: JsonSql = SqliteJson(self._names) if dialect == "sqlite" else PostgresqlJson(self._names)

    def write(self, term: Simple) -> TextClause:
        """A term as SQL that is true or false."""
        return self._bound(f"({self._term(term)})")

    def texts(self, field: Field) -> list[Select[str]]:
        """Each text at a path, and each in a list there, once for each scan that has it."""
        chains = self._chains(field)
        lists = [(chain, self._json.items(chain.last)) for chain in chains]
        both = [*chains, *(chain.then(*items.tables, where="1 = 1", last=items.last) for chain, items in lists)]
        found = []
        for chain in both:
            value = self._json.text(chain.last)
            tables, where = ", ".join(("scans", *chain.tables)), " AND ".join((*chain.where, f"{value} IS NOT NULL"))
            found.append(
                select(literal_column(value, String())).select_from(self._bound(tables)).where(self._bound(where))
            )
        return found

    def _bound(self, sql: str) -> TextClause:
        """SQL with the values of its parameters."""
        return text(sql).bindparams(**{name: self._names.values[name] for name in _PARAMETER.findall(sql)})

    def _term(self, term: Simple) -> str:
        field = term.field
        match term:
            case Exists():
                return _any([chain.exists() for chain in self._chains(field)])
            case Equals(_, None):
                return f"{self._some(field, self._json.equals(None))} OR {self._is_missing(field)}"
            case Equals(_, value):
                return self._some(field, self._json.equals(value))
            case OneOf(_, values):
                return self._some(field, self._json.one_of(values))
            case Ordered(_, order, value):
                return self._some(field, self._json.ordered(order, value))

    def _document(self, field: Field) -> str:
        document = DOCUMENTS[field.root]
        return document.sqlite if self._dialect == "sqlite" else document.postgresql

    def _chains(self, field: Field) -> list[Chain]:
        """All ways to the values at a path: a number is a member's name, or an item's place in a list."""
        document = self._document(field)
        if not field.path:
            return [self._json.whole(document)]
        chains = [self._json.first(document, self._json.key(field.path[0]))]
        for part in field.path[1:]:
            key = self._json.key(part)
            further = [self._json.member(chain, key) for chain in chains]
            if is_index(part):
                further += [self._json.item(chain, int(part)) for chain in chains]
            chains = further
        return chains

    def _some(self, field: Field, test: Test) -> str:
        """Whether a test is true of a value at a path, or of an item of a list there."""
        found = []
        for chain in self._chains(field):
            items = self._json.items(chain.last)
            found.append(chain.exists(f"({test(chain.last)} OR {items.exists(test(items.last))})"))
        return _any(found)

    def _is_missing(self, field: Field) -> str:
        """Whether on the way there something lacks the next member; a list without objects lacks nothing."""
        if not field.path:
            return "1 = 0"
        if any(map(is_index, field.path)):
            return f"NOT ({_any([chain.exists() for chain in self._chains(field)])})"
        found = [self._json.lacks_first(self._document(field), self._json.key(field.path[0]))]
        for n in range(1, len(field.path)):
            [chain] = self._chains(field._replace(path=field.path[:n]))
            found.append(chain.exists(self._json.lacks(chain.last, self._json.key(field.path[n]))))
        return _any(found)


def is_index(part: str) -> bool:
    """Whether a part of a path may be the place of an item in a list."""
    return part.isascii() and part.isdigit() and len(part) < 10


def _any(conditions: list[str]) -> str:
    return f"({' OR '.join(conditions)})"
