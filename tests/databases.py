"""Fresh databases for tests: SQLite, and PostgreSQL where its programs are installed."""

from __future__ import annotations

import shutil
from contextlib import closing, contextmanager

import pytest

from needs import require
from postgres_server import TEMPLATE, PostgresServer, binaries
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.db.migrate import upgrade
from skydriver.services.context import Service

_open: list[Database] = []


def open_database(url: str, **options: object) -> Database:
    """A database that is closed when the test that asked for `database_url` ends."""
    database = Database(Settings(database_url=url).url, **options)
    _open.append(database)
    return database


def make_service(url: str, tmp_path, **settings: object) -> Service:
    """A service on a database of `database_url`, with its data in a folder; closed like `open_database`'s."""
    given = Settings(data=tmp_path, database_url=url, **settings)
    return Service(given, open_database(url))


def close_databases() -> None:
    """Close all that `open_database` opened."""
    while _open:
        _open.pop().close()


@pytest.fixture(scope="session")
def postgres_binaries():
    """The folder of PostgreSQL's programs."""
    folder = binaries()
    require(present=folder is not None, what="PostgreSQL (apt-get install postgresql)")
    return folder


@pytest.fixture(scope="session")
def postgres(postgres_binaries):
    """A server that all tests share: leave it running."""
    yield from _server(postgres_binaries)


@pytest.fixture(scope="module")
def own_postgres(postgres_binaries):
    """A server of one file of tests, which may stop and start it."""
    yield from _server(postgres_binaries)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    """A SQLite database of this release."""
    file = tmp_path_factory.mktemp("template") / "skydriver.sqlite"
    _make(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """The URL of a database of this release that nobody else has, as a setting; once for each kind."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def sqlite_url(sqlite_template, tmp_path):
    """The same, only in SQLite."""
    file = tmp_path / "skydriver.sqlite"
    shutil.copy(sqlite_template, file)
    yield f"sqlite:///{file}"
    close_databases()


@pytest.fixture
def postgresql_url(postgres):
    """The same, only in PostgreSQL."""
    yield from _copied(postgres)


@pytest.fixture
def service(database_url, tmp_path):
    """A service without settings of its own."""
    return make_service(database_url, tmp_path)


def _server(folder):
    server = PostgresServer(folder)
    server.start()
    server.execute(f"CREATE DATABASE {TEMPLATE}")
    _make(server.url(TEMPLATE))
    yield server
    server.remove()


@contextmanager
def copied(server):
    """The URL of a database of this release, on a server, that is there meanwhile."""
    name = server.copy(TEMPLATE)
    yield server.url(name)
    server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _copied(server):
    with copied(server) as url:
        yield url
        close_databases()


def _make(url: str) -> None:
    with closing(Database(Settings(database_url=url).url)) as database:
        upgrade(database)
