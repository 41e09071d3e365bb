"""Databases that do not wait long for locks, and databases without tables."""

from __future__ import annotations

import pytest

from database_trouble import SOON
from databases import close_databases, open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """A database without tables; that of SQLite has no file yet."""
    if request.param == "sqlite":
        yield open_database(f"sqlite:///{tmp_path}/empty.sqlite")
    else:
        server = request.getfixturevalue("postgres")
        yield open_database(server.url(server.copy("template0")))
    close_databases()


@pytest.fixture
def database(database_url):
    return open_database(database_url, busy_seconds=SOON)


@pytest.fixture
def sqlite(sqlite_url):
    return open_database(sqlite_url, busy_seconds=SOON)


@pytest.fixture
def postgresql(postgresql_url):
    return open_database(postgresql_url, busy_seconds=SOON)
