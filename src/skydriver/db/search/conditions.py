"""Terms as one condition on rows of scans."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from sqlalchemy import and_, case, false, or_, true

from skydriver.db.search import columns
from skydriver.db.search.documents import Documents
from skydriver.db.search.places import COLUMNS
from skydriver.db.search.terms import All, Matches, Not, Some

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, TextClause

    from skydriver.db.search.terms import Term

Condition: TypeAlias = "TextClause | ColumnElement[bool]"


def condition(term: Term, dialect: str) -> Condition:
    """What is true of the scans of which the term is; of others it is false or unknown."""
    return _Writer(dialect).write(term)


class _Writer:
    """Of one statement."""

    def __init__(self, dialect: str) -> None:
        self._dialect = dialect
        self._documents = Documents(dialect)

    def write(self, term: Term) -> Condition:
        match term:
            case All(terms):
                return and_(true(), *map(self.write, terms))
            case Some(terms):
                return or_(false(), *map(self.write, terms))
            case Not(inner):
                return case((self.write(inner), false()), else_=true())  # true also where it is unknown
            case Matches():
                raise TypeError("a pattern must be replaced by the texts that fit it")
            case _ if term.field.root in COLUMNS:
                return columns.write(term, self._dialect)
            case _:
                return self._documents.write(term)
