"""What tests of databases in trouble share."""

from __future__ import annotations

import traceback
from contextlib import contextmanager

import pytest
from sqlalchemy import insert, select, text

from skydriver.db.commit_points import CommitPoint
from skydriver.db.database import Database
from skydriver.db.tables import prepared
from skydriver.errors import UnavailableError

SOON = 0.3
"""How long a wait may be in tests of waits that come to nothing, s."""


def store(database, name, blob=b""):
    with database.transaction(CommitPoint.PREPARE) as connection:
        connection.execute(insert(prepared).values(id=f"{name}-1", blob=blob))
        connection.execute(insert(prepared).values(id=f"{name}-2", blob=blob))


def stored(database):
    with database.reading() as connection:
        return set(connection.execute(select(prepared.c.id)).scalars())


def both(*names: object):
    return {f"{name}-{i}" for name in names for i in (1, 2)}


@contextmanager
def trouble(database, said):
    """Expect one sentence; neither it nor what is logged with it tells the password."""
    with pytest.raises(UnavailableError) as caught:
        yield
    assert str(caught.value) == said
    told = "".join(traceback.format_exception(caught.value))
    password = database.engine.url.password
    assert password is None or password not in told
    assert "\n" not in said
    assert not said.endswith(".")


def end_connections(database):
    """From elsewhere, as an operator would; return when they are ended."""
    other = Database(database.engine.url.render_as_string(hide_password=False))
    mine = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    with other.reading() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {mine}"))  # noqa: S608
    other.close()


def wait_until_gone(database, pid):
    other = Database(database.engine.url.render_as_string(hide_password=False))
    query = text("SELECT pg_sleep(0.02), (SELECT count(*) FROM pg_stat_activity WHERE pid = :pid)")
    for _ in range(500):
        with other.reading() as connection:
            if connection.execute(query, {"pid": pid}).one()[1] == 0:
                break
    other.close()
