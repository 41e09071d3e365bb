"""What the other tests of databases build on."""

from __future__ import annotations

import time

from sqlalchemy import insert, select

from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import prepared


def test_what_is_written_is_read(service):
    with service.database.transaction(CommitPoint.PREPARE) as connection:
        connection.execute(insert(prepared).values(id="a", blob=b"\x00\xff"))
    with service.database.reading() as connection:
        assert connection.execute(select(prepared.c.blob)).scalar_one() == b"\x00\xff"


def test_a_database_is_nobody_elses(service):
    with service.database.reading() as connection:
        assert not connection.execute(select(prepared)).all()


def test_the_clock_is_that_of_this_machine_here(service):
    with service.database.reading() as connection:
        assert abs(service.database.now(connection) - time.time()) < 5
