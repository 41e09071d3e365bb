"""Write the next step of the database's schema: what `skydriver.db.schema` says, less what the steps so far lead to.

    tools/make_revision.py "What changes" [URL of an empty database; a SQLite file by default]

Look through what it writes: it does not know what has moved, nor what becomes of rows that are there.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from alembic import command

from skydriver.config import Settings
from skydriver.db import migrate
from skydriver.db.database import Database


def make_revision(message: str, url: str) -> Path:
    """The file of the new step."""
    number = f"{int(migrate.newest()) + 1:04d}"
    with closing(Database(Settings(database_url=url).url)) as database:
        migrate.upgrade(database)
        with database.changing_schema() as connection:
            config = migrate.configuration(connection)
            config.set_main_option("file_template", "r%%(rev)s_%%(slug)s")
            script = command.revision(config, message, autogenerate=True, rev_id=number)
    file = Path(script.path)
    for tidy in (["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([Path(sys.executable).with_name("ruff"), *tidy, file], check=False)  # noqa: S603
    return file


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        print(make_revision(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else f"sqlite:///{folder}/empty.sqlite"))
