"""The schema: that of the models, there and back, and refused in one sentence where it is another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, insert, inspect, select, table, text

from databases import open_database
from skydriver.config import Settings
from skydriver.db import migrate
from skydriver.db.tables import events, metadata, scans
from skydriver.errors import SchemaError, UnavailableError
from skydriver.services.coordination.backlog import rank

UPGRADE = (
    "import sys; from skydriver.db import database, migrate; print(migrate.upgrade(database.Database(sys.argv[1])))"
)
KILLED = """
import os, signal, sys
from alembic import op
from skydriver.db import database, migrate
made = op.create_table
def create_table(name, *parts):
    if name == "results":
        print("here", flush=True)
        signal.pause()
    made(name, *parts)
op.create_table = create_table
migrate.upgrade(database.Database(sys.argv[1]))
"""


def program(code, database):
    url = database.engine.url.render_as_string(hide_password=False)
    return subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE, text=True)


def every_step():
    return [step.revision for step in migrate._all_steps()][::-1]


def differences(database):
    with database.reading() as connection:
        return compare_metadata(MigrationContext.configure(connection, opts=migrate.OPTIONS), metadata)


def tables(database):
    with database.reading() as connection:
        return set(inspect(connection).get_table_names())


def refusal(database):
    """What both ways in say; nothing may be changed by it."""
    with pytest.raises(SchemaError) as caught:
        migrate.check_schema(database)
    return str(caught.value)


def test_migrations_lead_to_the_models(empty):
    assert migrate.upgrade(empty)[-1] == migrate.newest()
    assert not differences(empty)


def test_indexes_and_constraints_are_named_as_the_models_name_them(empty):
    migrate.upgrade(empty)
    with empty.reading() as connection:
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert {i["name"] for i in found.get_indexes(table.name) if not i.get("duplicates_constraint")} == {
                i.name for i in table.indexes
            }
            assert found.get_pk_constraint(table.name)["name"] == f"pk_{table.name}"


def test_a_missing_index_is_seen_by_the_comparison(empty):
    migrate.upgrade(empty)
    with empty.changing_schema() as connection:
        connection.execute(text("DROP INDEX ix_fits_task"))
    assert [change[0] for change in differences(empty)] == ["add_index"]


def test_there_and_back_again(empty):
    migrate.upgrade(empty)
    migrate.downgrade(empty, "base")
    assert tables(empty) == {migrate.OPTIONS["version_table"]}
    assert migrate.revision(empty) is None
    migrate.upgrade(empty)
    assert not differences(empty)


def test_each_step_can_be_taken_alone_both_ways(empty):
    migrate.upgrade(empty)
    steps = every_step()
    for below in [*steps[-2::-1], "base"]:
        migrate.downgrade(empty, below)
    for step in steps:
        assert migrate.revision(empty) != step
        migrate.upgrade(empty, step)
        assert migrate.revision(empty) == step


def test_an_upgrade_of_what_is_new_does_nothing(empty):
    migrate.upgrade(empty)
    assert migrate.upgrade(empty) == []
    migrate.check_schema(empty)


def test_an_empty_database_is_refused_with_the_command(empty):
    assert refusal(empty) == "the database is empty: run skydriver db upgrade"
    assert not empty.is_sqlite or not empty.file.exists()


def test_a_database_that_is_behind_is_refused_with_the_command(empty, monkeypatch):
    migrate.upgrade(empty)
    here = migrate.newest()
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    assert refusal(empty) == f"the database is at revision {here}, this release needs 9999: run skydriver db upgrade"


def test_a_database_that_is_ahead_is_refused_also_by_the_upgrade(empty):
    migrate.upgrade(empty)
    with empty.changing_schema() as connection:
        connection.execute(text("UPDATE skydriver_revision SET version_num = '9999'"))
    said = refusal(empty)
    assert said.startswith("the database is at revision 9999, which this release, of ")
    assert "skydriver db upgrade" in said
    with pytest.raises(SchemaError, match="9999"):
        migrate.upgrade(empty)
    assert migrate.revision(empty) == "9999"


def test_the_database_of_something_else_is_refused_also_by_the_upgrade(empty):
    with empty.changing_schema() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
    assert refusal(empty) == (
        "the database holds tables of something else (alembic_version): give an empty one to skydriver db upgrade"
    )
    with pytest.raises(SchemaError, match="something else"):
        migrate.upgrade(empty)
    assert tables(empty) == {"alembic_version"}


def test_processes_that_upgrade_at_once_do_it_once(empty):
    processes = [program(UPGRADE, empty) for _ in range(4)]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert [process.returncode for process in processes] == [0] * 4
    assert said == sorted([str(every_step()), *["[]"] * 3])
    assert not differences(empty)


def test_threads_that_upgrade_at_once_do_it_once(empty):
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: migrate.upgrade(empty), range(4)))
    assert sorted(map(len, done)) == [0, 0, 0, len(every_step())]


def test_an_upgrade_killed_in_its_middle_can_be_done_again(empty):
    process = program(KILLED, empty)
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert refusal(empty) == "the database is empty: run skydriver db upgrade"
    assert migrate.upgrade(empty) == every_step()
    assert not differences(empty)


def test_our_own_file_is_made_and_a_database_of_others_is_not_touched(empty, tmp_path):
    if empty.is_sqlite:
        migrate.prepare_schema(Settings(data=tmp_path), empty)
        migrate.check_schema(empty)
        assert empty.file.stat().st_mode & 0o777 == 0o600
    else:
        with pytest.raises(SchemaError, match="empty"):
            migrate.prepare_schema(Settings(data=tmp_path, database_url="postgresql://elsewhere"), empty)
        assert not tables(empty)


def test_our_own_file_of_an_older_release_is_not_upgraded_unasked(empty, tmp_path, monkeypatch):
    migrate.upgrade(empty)
    monkeypatch.setattr(migrate, "newest", lambda: "9999")
    with pytest.raises(SchemaError, match="run skydriver db upgrade"):
        migrate.prepare_schema(Settings(data=tmp_path), empty)


def test_a_file_that_is_no_database_is_said_to_be_damaged(sqlite_url, tmp_path):
    (tmp_path / "skydriver.sqlite").write_bytes(b"This is a letter." * 1000)
    with pytest.raises(UnavailableError, match="the database file is damaged"):
        migrate.check_schema(open_database(sqlite_url))


def test_scans_of_the_first_release_get_what_is_new(empty):
    migrate.upgrade(empty, "0001")
    event = {"id": "e", "run_id": 7, "event_id": 9, "mjd": 61100.5, "is_real": True, "n_bytes": 1, "created": 0.0}
    asked = {"target": "done", "owner": "o", "generation": 2023, "created": 1e9, "updated": 1e9, "event": "e"}
    asked |= {"run_id": 7, "event_id": 9, "is_real": True, "is_deleted": False, "request": "{}", "request_hash": "0"}
    asked |= {"clusters": "[]", "n_workers": 1, "reco": "dummy", "nsides": "1:0", "threshold": 1.0, "is_served": False}
    asked |= dict.fromkeys(["max_reco_time_s", "cpu_seconds", "fraction"], 1.0) | {"condor_clusters": "[]"}
    asked |= dict.fromkeys(["fits_done", "fits_failed", "n_stopped", "n_lost"], 0)
    told = json.dumps({"run_id": 70, "event_id": 90})
    rows = [
        asked | {"id": "ours", "status": "queued", "engine": "skydriver-0.1.0", "priority": 2, "event_metadata": None},
        asked | {"id": "theirs", "status": "queued", "engine": "external", "priority": 100, "event_metadata": told},
        asked | {"id": "silent", "status": "queued", "engine": "external", "priority": -1, "event_metadata": None},
    ]
    with empty.changing_schema() as connection:
        connection.execute(insert(events).values(blob=b"x", **event))
        for row in rows:
            connection.execute(insert(table("scans", *map(column, row))), row)
    migrate.upgrade(empty)
    with empty.reading() as connection:
        found = {row.id: row for row in connection.execute(select(scans).order_by(scans.c.id))}
    assert found["ours"].rank == rank(1e9, 2, 60.0)
    assert found["theirs"].rank == rank(1e9, 100, 60.0)
    about = {"run_id": 7, "event_id": 9, "event_type": "", "mjd": 61100.5, "is_real_event": True}
    assert json.loads(found["ours"].event_metadata) == about
    assert [(row.told_run_id, row.told_event_id) for row in found.values()] == [(7, 9), (None, None), (70, 90)]
    migrate.downgrade(empty, "0001")
    with empty.reading() as connection:
        assert connection.execute(text("SELECT event_metadata FROM scans ORDER BY id")).scalars().all() == [
            None,
            None,
            told,
        ]
