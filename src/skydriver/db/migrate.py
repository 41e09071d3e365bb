"""The database's schema: whether it is that of this release, and the way there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from skydriver.db.tables import metadata
from skydriver.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from skydriver.config import Settings
    from skydriver.db.database import Database

UPGRADE = "skydriver db upgrade"
OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "version_table": "skydriver_revision",
    "compare_type": True,
    "compare_server_default": True,
    "render_as_batch": True,
    "transactional_ddl": True,
}
"""Of Alembic. The table has our name, so that no other program's schema is taken for ours."""


def newest() -> str:
    """The revision that this release needs."""
    head = _scripts().get_current_head()
    if head is None:
        raise SchemaError("this installation of skydriver lacks its migrations: install it again")
    return head


def revision(database: Database) -> str | None:
    """The revision that the database is at; None before the first."""
    if not database.exists():
        return None
    with database.reading() as connection:
        return _revision(connection)


def check_schema(database: Database) -> None:
    """Do nothing where the database is of this release.

    Raises
    ------
    SchemaError
        Otherwise, with what to do about it.
    """
    found = None
    if database.exists():
        with database.reading() as connection:
            _refuse_others(connection)
            found = _revision(connection)
    if found is None:
        raise SchemaError(f"the database is empty: run {UPGRADE}")
    if found != newest():
        raise SchemaError(f"the database is at revision {found}, this release needs {newest()}: run {UPGRADE}")


def upgrade(database: Database, to: str = "head") -> list[str]:
    """Bring the database to this release, or an earlier one, in one transaction; the revisions that it went through.

    Of several processes that do it at once, one does it and the others find it done.

    Raises
    ------
    SchemaError
        If it holds something else, or comes from a release that is newer.
    """
    with database.changing_schema() as connection:
        _refuse_others(connection)
        steps = [step.revision for step in _scripts().iterate_revisions(to, _revision(connection) or "base")]
        command.upgrade(configuration(connection), to)
    return steps[::-1]


def downgrade(database: Database, to: str) -> None:
    """Go back to an earlier revision, or to `base`: what only later releases know is lost."""
    with database.changing_schema() as connection:
        _refuse_others(connection)
        command.downgrade(configuration(connection), to)


def prepare_schema(settings: Settings, database: Database) -> None:
    """Make the tables of a new database in our own file; a database that somebody else provides is only checked.

    Raises
    ------
    SchemaError
        If it is not of this release; nothing that exists is ever changed here.
    """
    if settings.database_url is None and _is_new(database):
        upgrade(database)
    check_schema(database)


def _is_new(database: Database) -> bool:
    if not database.exists():
        return True
    with database.reading() as connection:
        return _revision(connection) is None and not _tables(connection)


def _refuse_others(connection: Connection) -> None:
    """Refuse what is not ours to change."""
    found = _revision(connection)
    known = {script.revision for script in _all_steps()}
    if found is not None and found not in known:
        raise SchemaError(
            f"the database is at revision {found}, which this release, of {newest()}, does not know: "
            f"install the release that it comes from ({UPGRADE} does not go back)"
        )
    if found is None and (others := _tables(connection)):
        some = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        raise SchemaError(f"the database holds tables of something else ({some}): give an empty one to {UPGRADE}")


def _tables(connection: Connection) -> list[str]:
    return sorted(set(inspect(connection).get_table_names()) - {OPTIONS["version_table"]})


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts=OPTIONS).get_current_revision()


def _all_steps() -> Iterator[Any]:
    return _scripts().walk_revisions()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration(None))


def configuration(connection: Connection | None) -> Config:
    """Of Alembic, for steps on a connection."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
