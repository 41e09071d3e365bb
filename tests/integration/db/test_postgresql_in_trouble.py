"""PostgreSQL in trouble: one sentence without secrets, nothing half-written, and all is well when it is over."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import insert, select, text

from database_trouble import both, end_connections, store, stored, trouble, wait_until_gone
from databases import close_databases, open_database
from postgres_server import TEMPLATE
from skydriver.db.commit_points import CommitPoint
from skydriver.db.outages import AWAY, LOST
from skydriver.db.tables import prepared
from skydriver.errors import UnavailableError


def test_a_reader_cannot_write_on_postgresql(postgresql):
    with trouble(postgresql, "the database is read-only"), postgresql.reading() as connection:
        connection.execute(insert(prepared).values(id="a", blob=b""))


def test_a_lock_of_another_connection_is_waited_for_in_vain(postgresql):
    other = open_database(postgresql.engine.url.render_as_string(hide_password=False))
    with other.transaction(CommitPoint.PREPARE) as connection:
        connection.execute(text("LOCK TABLE prepared"))
        with trouble(postgresql, "the database is busy: a lock was held for too long"):
            store(postgresql, "a")
    store(postgresql, "b")
    assert stored(postgresql) == both("b")


def test_a_connection_that_the_server_ends_while_it_rests_is_not_noticed(postgresql):
    store(postgresql, "a")
    end_connections(postgresql)
    store(postgresql, "b")
    assert stored(postgresql) == both("a", "b")


def test_a_connection_that_the_server_ends_in_a_transaction_loses_all_of_it(postgresql):
    with (
        trouble(postgresql, "the connection to the database was lost"),
        postgresql.transaction(CommitPoint.PREPARE) as connection,
    ):
        connection.execute(insert(prepared).values(id="a", blob=b""))
        end_connections(postgresql)
        connection.execute(insert(prepared).values(id="b", blob=b""))
    store(postgresql, "c")
    assert stored(postgresql) == both("c")


def test_a_connection_that_is_lost_at_the_commit_says_that_nobody_knows(postgresql):
    said = "the connection to the database was lost, and maybe all was stored before"
    with trouble(postgresql, said), postgresql.transaction(CommitPoint.PREPARE) as connection:
        connection.execute(insert(prepared).values(id="a", blob=b""))
        end_connections(postgresql)
    store(postgresql, "c")
    assert stored(postgresql) == both("c")


def test_a_statement_that_takes_for_ever_is_ended(postgresql):
    with (
        trouble(postgresql, "the database is busy: a statement took too long"),
        postgresql.transaction(CommitPoint.PREPARE) as connection,
    ):
        connection.execute(text("SET LOCAL statement_timeout = 50"))
        connection.execute(text("SELECT pg_sleep(60)"))
    store(postgresql, "a")


def test_a_transaction_that_rests_for_ever_is_ended(postgresql):
    ended = threading.Event()
    with (
        trouble(postgresql, "the connection to the database was lost"),
        postgresql.transaction(CommitPoint.PREPARE) as connection,
    ):
        pid = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 50"))
        wait_until_gone(postgresql, pid)
        ended.set()
        connection.execute(text("SELECT 1"))
    assert ended.is_set()
    store(postgresql, "a")


def test_two_that_wait_for_each_other_are_told_apart(postgresql_url):
    database = open_database(postgresql_url, busy_seconds=30.0)
    store(database, "a")
    meet, outcomes = threading.Barrier(2), []

    def change(first, second):
        try:
            with database.transaction(CommitPoint.PREPARE) as connection:
                connection.execute(select(prepared).where(prepared.c.id == first).with_for_update())
                meet.wait(timeout=30)
                connection.execute(select(prepared).where(prepared.c.id == second).with_for_update())
            outcomes.append("done")
        except UnavailableError as error:
            outcomes.append(str(error))

    threads = [threading.Thread(target=change, args=pair) for pair in (("a-1", "a-2"), ("a-2", "a-1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(outcomes) == ["done", "the database is busy: requests were in each other's way"]


def test_a_server_that_is_not_there_is_away(postgresql):
    nowhere = postgresql.engine.url.set(port=1).render_as_string(hide_password=False)
    database = open_database(nowhere)
    with trouble(database, "the database does not answer"):
        stored(database)


def test_a_wrong_password_is_not_told(postgresql):
    wrong = postgresql.engine.url.set(password="open sesame").render_as_string(hide_password=False)  # noqa: S106
    database = open_database(wrong)
    with trouble(database, "the database does not let us in: user or password are wrong"):
        stored(database)


@pytest.mark.parametrize("signal", ["INT", "QUIT"])
def test_a_server_that_stops_and_starts_loses_nothing_that_was_confirmed(own_postgres, signal):
    database = open_database(own_postgres.url(own_postgres.copy(TEMPLATE)), busy_seconds=5.0)
    confirmed, said, over = [], set(), threading.Event()

    def write(writer):
        number = 0
        while not over.is_set():
            number += 1
            try:
                store(database, f"{writer}.{number}")
                confirmed.append(f"{writer}.{number}")
            except UnavailableError as error:
                said.add(str(error))
                over.wait(0.01)

    with ThreadPoolExecutor(4) as threads:
        writers = [threads.submit(write, writer) for writer in range(4)]
        try:
            for _ in range(3):
                wait_for_more(confirmed)
                own_postgres.stop(signal)
                own_postgres.start()
            wait_for_more(confirmed)
        finally:
            over.set()
    for writer in writers:
        writer.result()
    names = stored(database)
    assert both(*confirmed) <= names
    assert both(*{name.rpartition("-")[0] for name in names}) == names
    assert said <= {AWAY, LOST, f"{LOST}, and maybe all was stored before"}
    assert AWAY in said
    close_databases()


def wait_for_more(confirmed):
    """Until the writers were heard of again."""
    enough, deadline = len(confirmed) + 20, time.monotonic() + 60
    while len(confirmed) < enough:
        assert time.monotonic() < deadline
        time.sleep(0.01)
