"""One statement for many rows does what SQLAlchemy does with each of them."""

from __future__ import annotations

import math

import pytest
from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from databases import open_database
from skydriver.db.commit_points import CommitPoint
from skydriver.db.many import execute_many
from skydriver.db.stores import fits as store
from skydriver.db.stores.tasks import Key
from skydriver.db.tables import fits

KEYS = [
    Key(8, number, pixel, seeds) for number in (0, 1) for pixel, seeds in ((5, ""), (5, "8.0.1,8.0.2"), (2**60, "x%s"))
]
INSERT = {dialect.dialect.name: dialect.insert(fits).on_conflict_do_nothing() for dialect in (sqlite, postgresql)}
OUTCOMES = {"llh": 1.5e300, "E_in": None, "E_tot": -0.0, "x": math.pi, "error": "100 % :wrong ?", "task": None}
UPDATE = update(fits).where(fits.c.pixel == bindparam("which")).values(failures=fits.c.failures + 3, x=bindparam("v_x"))
DELETE = delete(fits).where(fits.c.seeds == bindparam("which"), fits.c.nside == 8)


@pytest.fixture
def database(database_url):
    return open_database(database_url)


def wanted():
    names = ("scan", *Key._fields, "number", "state", "payload", "failures", "losses")
    return [dict(zip(names, ("s", *key, 0, 0, "{}", 0, 0), strict=True)) for key in KEYS]


def after(database, do):
    """All rows as they are once something was done to some; then they go again."""
    with database.transaction(CommitPoint.LEASE) as connection:
        store.want(connection, wanted())
        do(connection)
        rows = [tuple(row) for row in connection.execute(select(fits).order_by(*fits.primary_key))]
        connection.execute(delete(fits))
    return rows


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        (UPDATE, [{"which": 5, "v_x": 0.1}, {"which": 2**60, "v_x": None}, {"which": 6, "v_x": 3.0}]),
        (DELETE, [{"which": "8.0.1,8.0.2"}, {"which": "x%s"}]),
    ],
)
def test_as_sqlalchemy(database, statement, rows):
    found = after(database, lambda connection: execute_many(connection, statement, rows))
    expected = after(database, lambda connection: connection.execute(statement, rows))
    untouched = after(database, lambda _connection: None)
    assert found == expected != untouched


def test_inserted_rows_are_those_that_were_given(database):
    def insert(connection):
        other = [row | {"scan": "t", "number": 7} for row in wanted()]
        execute_many(connection, INSERT[connection.dialect.name], other + other[:2])

    rows = after(database, insert)
    assert len(rows) == 2 * len(KEYS)
    assert [row[1:5] for row in rows if row[0] == "t"] == [tuple(key) for key in sorted(KEYS)]


def test_columns_that_are_set_are_those_that_are_named(database):
    rows = after(database, lambda connection: store.set_many(connection, "s", [(KEYS[1], OUTCOMES)]))
    changed = [row for row, before in zip(rows, after(database, lambda _: None), strict=True) if row != before]
    columns = [column.name for column in fits.c]
    (found,) = [dict(zip(columns, row, strict=True)) for row in changed]
    assert {name: found[name] for name in OUTCOMES} == OUTCOMES
    assert Key(*(found[name] for name in Key._fields)) == KEYS[1]


def test_no_rows_are_no_statement(database):
    untouched = after(database, lambda _connection: None)
    assert after(database, lambda connection: execute_many(connection, DELETE, [])) == untouched
