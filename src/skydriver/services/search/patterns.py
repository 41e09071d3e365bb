"""Patterns: matched here, by an engine whose time grows with the text alone, and alike whatever the database is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import re2

from skydriver.db.search.terms import All, Matches, Not, OneOf, Some
from skydriver.db.stores import search
from skydriver.errors import SettingError
from skydriver.services.json_values import told
from skydriver.services.search.filters import FILTER, NEVER

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.db.search.terms import Field, Term

MAX_TEXTS: Final = 200_000
"""Different texts that a pattern is held against."""
MAX_MEMORY: Final = 2**22
"""Bytes that a pattern may take when it is made ready."""


def check_patterns(term: Term) -> None:
    """A `SettingError` where a pattern is none."""
    for pattern in _matches(term):
        _compiled(pattern.pattern)


def resolve(connection: Connection, term: Term) -> Term:
    """A term with each pattern replaced by the texts that fit it, of scans of which the rest of the term is true.

    Raises
    ------
    SettingError
        If there are too many different texts to look at.
    """
    patterns = _matches(term)
    if not patterns:
        return term
    rest = All(tuple(each for each in _conjuncts(term) if not _matches(each)))
    texts = {field: _texts(connection, field, rest) for field in dict.fromkeys(each.field for each in patterns)}
    return _replaced(term, texts)


def _texts(connection: Connection, field: Field, rest: Term) -> list[str]:
    found = search.texts(connection, field, rest, MAX_TEXTS + 1)
    if len(found) > MAX_TEXTS:
        name = ".".join((field.root, *field.path))
        raise SettingError(FILTER, f"$regex on {name} would look at more than {MAX_TEXTS} texts; add other conditions")
    return found


def _matches(term: Term) -> list[Matches]:
    match term:
        case Matches():
            return [term]
        case All(terms) | Some(terms):
            return [found for each in terms for found in _matches(each)]
        case Not(inner):
            return _matches(inner)
        case _:
            return []


def _conjuncts(term: Term) -> list[Term]:
    """Terms that are all true where `term` is."""
    return [found for each in term.terms for found in _conjuncts(each)] if isinstance(term, All) else [term]


def _replaced(term: Term, texts: dict[Field, list[str]]) -> Term:
    match term:
        case Matches(field, pattern):
            search_in = _compiled(pattern).search
            fitting = tuple(text for text in texts[field] if search_in(text) is not None)
            return OneOf(field, fitting) if fitting else NEVER
        case All(terms):
            return All(tuple(_replaced(each, texts) for each in terms))
        case Some(terms):
            return Some(tuple(_replaced(each, texts) for each in terms))
        case Not(inner):
            return Not(_replaced(inner, texts))
        case _:
            return term


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error.args[0])
        raise SettingError(FILTER, f"$regex {told(pattern)} is no pattern of RE2: {said}") from error
