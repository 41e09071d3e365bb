"""A worker that stands still with the last fits of a round: the others do not wait for its lease to end."""

from __future__ import annotations

import os
import signal
import time

from sqlalchemy import func, select

from disturbed import Asked, Disturbed, memory_of
from skydriver.db.schema.fits import OPEN
from skydriver.db.tables import fits, tasks, workers
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

LEASE_S = 120.0
SOON_S = 30.0
ASKED = Asked("dummy:7:0.1", "1:0,2:12", 1.0, 40)


def last_of_a_round(memory, scan_id):
    """Task, and process, of a worker that has just begun the last fits of a round; None while there is none."""
    n_open = select(func.count()).where(fits.c.scan == scan_id, fits.c.state == OPEN)
    held = select(tasks.c.id, workers.c.pid).join(workers, workers.c.id == tasks.c.worker)
    newest = held.where(tasks.c.scan == scan_id, tasks.c.state == "open").order_by(tasks.c.issued.desc())
    with memory.database.reading() as connection:
        return None if connection.execute(n_open).scalar_one() else connection.execute(newest).first()


def test_another_worker_does_what_it_holds(tmp_path, references):
    with (
        running_service(tmp_path, workers=2, lease_s=LEASE_S, heartbeat_s=0.5) as running,
        memory_of(running) as memory,
    ):
        scan = Disturbed(running, memory, ASKED)
        scan.wait_for(8)
        while not (found := last_of_a_round(memory, scan.id)):
            assert not memory.is_over(scan.id)
        task, pid = found
        os.kill(pid, signal.SIGSTOP)
        try:
            scan.note("stopped")
            start = time.monotonic()
            wait_until(lambda: memory.is_over(scan.id), "the scan is over", LEASE_S)
            assert time.monotonic() - start < SOON_S
        finally:
            os.kill(pid, signal.SIGCONT)
        held = {row.id: row for row in memory.rows(tasks, scan.id)}
        assert held[task].state == "dropped"
        assert [row.state for row in held.values() if row.copy_of == task] == ["answered"]
        scan.end_well(references, "stopped")
