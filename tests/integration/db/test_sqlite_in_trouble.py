"""SQLite in trouble: one sentence, nothing half-written, and all is well when the trouble is over."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import event

from database_trouble import both, store, stored, trouble
from skydriver.db.commit_points import CommitPoint
from skydriver.db.database import Database

LOCKER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("here", flush=True)
sys.stdin.read()
"""


def test_a_lock_of_another_process_is_waited_for_in_vain(sqlite):
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, sqlite.file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as locker:
        assert locker.stdout.readline() == "here\n"
        assert not stored(sqlite)
        with trouble(sqlite, "the database is busy: a lock was held for too long"):
            store(sqlite, "a")
        locker.communicate(timeout=60)
    store(sqlite, "b")
    assert stored(sqlite) == both("b")


def test_the_line_is_not_stood_in_for_ever(sqlite):
    with sqlite.transaction(CommitPoint.PREPARE):
        with trouble(sqlite, "the database is busy: too many requests at once"):
            store(sqlite, "a")
        assert not stored(sqlite)
    store(sqlite, "b")


def test_a_file_that_is_gone_is_missed_although_it_is_open(sqlite):
    store(sqlite, "a")
    away = sqlite.file.with_name("away")
    sqlite.file.rename(away)
    for attempt in (lambda: store(sqlite, "b"), lambda: stored(sqlite)):
        with trouble(sqlite, "the database file is not there"):
            attempt()
    assert not sqlite.file.exists()
    away.rename(sqlite.file)
    store(sqlite, "c")
    assert stored(sqlite) == both("a", "c")


def test_a_file_that_was_never_there_is_not_made_by_looking(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/none.sqlite")
    with trouble(database, "the database file is not there"):
        stored(database)
    assert not list(tmp_path.iterdir())
    database.close()


def test_a_file_that_was_replaced_is_the_one_that_is_written(sqlite, sqlite_template):
    store(sqlite, "a")
    new = sqlite.file.with_name("new")
    shutil.copy(sqlite_template, new)
    for part in sqlite.file.parent.glob("skydriver.sqlite-*"):
        part.unlink()
    new.rename(sqlite.file)
    store(sqlite, "b")
    assert stored(sqlite) == both("b")
    with sqlite3.connect(sqlite.file) as seen:
        assert seen.execute("SELECT count(*) FROM prepared").fetchone() == (2,)
    seen.close()


def test_a_database_that_is_full_takes_nothing_by_halves(sqlite):
    @event.listens_for(sqlite.engine, "connect")
    def _limit(connection, _record):
        connection.execute(f"PRAGMA max_page_count={limit[0]}").close()

    limit = [100]
    with trouble(sqlite, "the disk of the database is full"):
        store(sqlite, "a", bytes(300_000))
    assert not stored(sqlite)
    limit[0] = 10_000
    sqlite.close()
    store(sqlite, "b", bytes(300_000))
    assert stored(sqlite) == both("b")


def test_a_file_that_cannot_grow_takes_nothing_by_halves(sqlite):
    store(sqlite, "a")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with trouble(sqlite, "the database file cannot be read or written"):
            store(sqlite, "b", bytes(300_000))
        assert stored(sqlite) == both("a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    store(sqlite, "c", bytes(300_000))
    assert stored(sqlite) == both("a", "c")


@contextmanager
def without_rights():
    """Nobody's, where we are root, whom no right binds."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_file_that_may_only_be_read_takes_nothing(sqlite_template):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(sqlite_template, folder / "skydriver.sqlite")
        (folder / "skydriver.sqlite").chmod(0o444)
        folder.chmod(0o777)
        database = Database(f"sqlite:///{folder}/skydriver.sqlite")
        with without_rights(), trouble(database, "the database is read-only"):
            store(database, "a")
        database.close()
        for path in folder.iterdir():
            path.chmod(0o666)
        with without_rights():
            store(database, "b")
            assert stored(database) == both("b")
            database.close()


def test_a_damaged_file_is_said_to_be_damaged(sqlite):
    store(sqlite, "a")
    sqlite.close()
    with sqlite.file.open("r+b") as file:
        file.write(b"This is a letter." * 100)
    with trouble(sqlite, "the database file is damaged"):
        stored(sqlite)
