"""What an operator does with the database."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from skydriver.db import migrate
from skydriver.db.data_folder import open_data
from skydriver.db.database import Database
from skydriver.errors import SchemaError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.config import Settings


class SchemaState(NamedTuple):
    """Of which release a database is."""

    database: str
    """``sqlite`` or ``postgresql``."""
    revision: str | None
    """None where it holds nothing yet."""
    problem: str | None
    """What is wrong, with the command that helps; None where nothing is."""


def upgrade(settings: Settings) -> list[str]:
    """Bring the database to this release; the revisions that were applied.

    Raises
    ------
    SettingError
        If the data folder cannot be used, or a service uses it at this moment.
    UnavailableError
        If the database is away.
    """
    if settings.database_url is not None:
        with closing(Database(settings.url)) as database:
            return migrate.upgrade(database)
    with open_data(settings), closing(Database(settings.url)) as database:
        return migrate.upgrade(database)


def schema_state(settings: Settings) -> SchemaState:
    """Of which release the database is; an `UnavailableError` where there is none."""
    with existing(settings) as database:
        kind = "sqlite" if database.is_sqlite else "postgresql"
        try:
            migrate.check_schema(database)
        except SchemaError as error:
            return SchemaState(kind, migrate.revision(database), str(error))
        return SchemaState(kind, migrate.revision(database), None)


@contextmanager
def existing(settings: Settings) -> Iterator[Database]:
    """The database, which is not made for looking at it; an `UnavailableError` where there is none."""
    if settings.database_url is None and not (settings.data / "skydriver.sqlite").exists():
        raise UnavailableError(f"there is no database in {settings.data} yet: skydriver serve makes one")
    with closing(Database(settings.url)) as database:
        yield database
