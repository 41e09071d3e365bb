"""Transactions on either database: all or nothing, in line, and without secrets in what goes wrong."""

from __future__ import annotations

import secrets
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, insert, select, text

from database_trouble import SOON, both, store, stored, trouble
from databases import open_database
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import prepared
from skydriver.errors import SchemaError, SettingError, UnavailableError


def test_what_fails_in_its_middle_leaves_nothing(database):
    def store_half():
        with database.transaction(CommitPoint.PREPARE) as connection:
            connection.execute(insert(prepared).values(id="a", blob=b""))
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        store_half()
    assert not stored(database)
    store(database, "b")
    assert stored(database) == both("b")


def test_a_reader_sees_one_moment_while_another_writes(database):
    with database.reading() as connection:
        before = connection.execute(select(func.count()).select_from(prepared)).scalar_one()
        store(database, "a")
        assert connection.execute(select(func.count()).select_from(prepared)).scalar_one() == before
    assert stored(database) == both("a")


def test_a_glance_sees_what_is_stored_and_leaves_readers_as_they_were(database):
    count = select(func.count()).select_from(prepared)
    store(database, "a")
    with database.glancing() as connection:
        before = connection.execute(count).scalar_one()
    assert before == len(both("a"))
    with database.reading() as connection:
        assert connection.execute(count).scalar_one() == before
        store(database, "b")
        assert connection.execute(count).scalar_one() == before


def test_each_that_waits_in_line_writes_once_and_all(database):
    patient = open_database(database.engine.url.render_as_string(hide_password=False))
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda i: store(patient, i), range(64)))
    assert stored(patient) == both(*range(64))


def test_connections_that_are_all_in_use_are_waited_for_in_vain(database, monkeypatch):
    monkeypatch.setattr("skydriver.db.engines.CONNECTIONS", 2)
    small = open_database(database.engine.url.render_as_string(hide_password=False), busy_seconds=SOON)
    with small.reading(), small.reading(), trouble(small, "the database is busy: too many requests at once"):
        store(small, "a")
    store(small, "b")
    assert stored(small) == both("b")


def test_tables_that_are_missing_are_of_another_release(database):
    with database.changing_schema() as connection:
        connection.execute(text("DROP TABLE prepared"))
    with pytest.raises(SchemaError, match=r"run skydriver db upgrade$"):
        stored(database)


def test_what_is_wrong_with_a_statement_is_no_outage(database):
    with pytest.raises(Exception, match="nonsense") as caught, database.reading() as connection:
        connection.execute(text("nonsense"))
    assert not isinstance(caught.value, UnavailableError)


def test_values_are_not_told_with_what_went_wrong(database):
    store(database, "a")
    secret = secrets.token_hex(16)
    with pytest.raises(Exception, match="prepared") as caught, database.transaction(CommitPoint.PREPARE) as connection:
        connection.execute(insert(prepared).values(id="a-1", blob=secret.encode()))
    assert secret not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url",
    [
        "hidden",
        "mysql://u:hidden@h/x",
        "postgresql://u:hidden@h:port/x",
        "postgresql://u:hidden@h",
        "sqlite://",
        "http://hidden/",
    ],
)
def test_what_is_no_url_is_not_told(url):
    with pytest.raises(SettingError) as caught:
        open_database(url)
    told = "".join(traceback.format_exception(caught.value, chain=True))
    assert str(caught.value).startswith("SKYDRIVER_DATABASE_URL: ")
    assert "hidden" not in str(caught.value)
    assert "hidden" not in told
