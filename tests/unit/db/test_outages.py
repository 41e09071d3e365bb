"""What a database in trouble says, as it is told to people."""

from __future__ import annotations

import sqlite3

import psycopg
import pytest
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from skydriver.db import outages
from skydriver.errors import SchemaError, UnavailableError

LETTER = "letter of user:password@host\nDETAIL: a second line"


def of_sqlite(name, text=LETTER):
    error = sqlite3.OperationalError(text)
    error.sqlite_errorname = name
    return DatabaseError("SELECT 1", {}, error)


def of_postgresql(state, kind=OperationalError, *, lost=False):
    error = psycopg.errors.lookup(state)(LETTER)
    return kind("SELECT 1", {}, error, connection_invalidated=lost)


def told(error):
    with pytest.raises(UnavailableError) as caught, outages.outages():
        raise error
    return caught.value


@pytest.mark.parametrize(
    "name", ["SQLITE_IOERR_WRITE", "SQLITE_BUSY_SNAPSHOT", "SQLITE_FULL", "SQLITE_READONLY_DBMOVED"]
)
def test_sqlite_is_known_by_the_first_two_words_of_an_error(name):
    assert str(told(of_sqlite(name))) in outages.SQLITE.values()


@pytest.mark.parametrize("state", sorted(outages.POSTGRES))
def test_postgresql_is_known_by_its_states_whatever_their_class_of_error(state):
    for kind in (OperationalError, ProgrammingError, DatabaseError):
        assert str(told(of_postgresql(state, kind))) == outages.POSTGRES[state]


def test_a_full_disk_is_told_alike_on_both():
    assert str(told(of_sqlite("SQLITE_FULL"))) == str(told(of_postgresql("53100"))) == outages.FULL


def test_missing_tables_are_another_kind_of_trouble():
    assert isinstance(told(of_sqlite("SQLITE_ERROR", "no such table: scans")), SchemaError)
    assert isinstance(told(of_postgresql("42P01", ProgrammingError)), SchemaError)


def test_what_postgresql_says_to_whoever_connects_is_known_by_its_words():
    for words, said in outages.REFUSALS.items():
        assert str(told(OperationalError("", {}, psycopg.OperationalError(f"FATAL: the {words} of user")))) == said


def test_what_is_not_known_is_told_without_what_the_database_said():
    assert str(told(OperationalError("", {}, psycopg.OperationalError(LETTER)))) == outages.AWAY
    assert str(told(of_postgresql("XX000", DatabaseError, lost=True))) == outages.LOST
    assert "letter" not in str(told(PoolTimeoutError(LETTER)))


@pytest.mark.parametrize(
    "error",
    [
        of_sqlite("SQLITE_ERROR", "near x: syntax error"),
        of_sqlite("SQLITE_CONSTRAINT_UNIQUE"),
        of_postgresql("23505", IntegrityError),
    ],
)
def test_a_statement_at_fault_is_no_trouble_of_the_database(error):
    with pytest.raises(DatabaseError) as caught, outages.outages():
        raise error
    assert caught.value is error
