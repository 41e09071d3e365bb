"""Databases without tables, for tests of how tables come to be."""

from __future__ import annotations

import pytest

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
