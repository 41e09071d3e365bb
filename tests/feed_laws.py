"""What holds of the numbers and the news of every scan of the service's own, whatever befell it."""

from __future__ import annotations

import json

from sqlalchemy import select

from skydriver.db.tables import feed, fits, scans, tasks
from skydriver.services.coordination.states import ENDED, FOLLOWING, Status

AT_WORK = frozenset({Status.STARTING, Status.RUNNING, Status.FINISHING})


def check_scan(database, scan_id):
    """Of a scan that ended; its single fits are not forgotten yet."""
    with database.reading() as connection:
        scan = connection.execute(select(scans).where(scans.c.id == scan_id)).one()
        rows = connection.execute(select(fits).where(fits.c.scan == scan_id)).all()
        left = connection.execute(select(tasks.c.id).where(tasks.c.scan == scan_id, tasks.c.state == "open")).all()
        told = connection.execute(select(feed).where(feed.c.scan == scan_id).order_by(feed.c.id)).all()
    assert scan.status in ENDED
    assert not left, "no task is open"
    assert sorted(row.sequence for row in rows) == list(range(1, scan.fits_done + 1)), "each counted once, in order"
    assert scan.fits_failed == sum(row.error is not None for row in rows)
    assert abs(scan.cpu_seconds - sum(row.cpu_seconds for row in rows)) < 1e-6 * (1 + len(rows))
    check_news(scan, [(row.kind, json.loads(row.data)) for row in told])


def check_news(scan, told):
    """What was told of a scan, from its submission to its end, in this order."""
    status = None
    has_pixel = False
    for kind, facts in told:
        if kind == "state":
            after = Status(facts["status"])
            assert after is Status.QUEUED if status is None else after in FOLLOWING[status], told
            status = after
        elif kind == "first_pixel":
            assert status is Status.RUNNING, told
            assert not has_pixel, told
            has_pixel = True
        elif kind == "progress":
            assert status in AT_WORK, told
            assert has_pixel or facts["best"] is None, told
    assert status == scan.status, "the last word is its end"
    assert has_pixel == (scan.first_pixel is not None)
    _check_order(told, scan)


def _check_order(told, scan):
    """What only grows, grows."""
    measured = [(facts["fits_done"], facts["fraction"]) for kind, facts in told if kind == "progress"]
    assert measured == sorted(measured), "no progress is taken back"
    workers = [facts["n_workers"] for kind, facts in told if kind == "workers"]
    assert workers == sorted(workers)
    assert workers[-1:] in ([], [scan.n_workers])
    replaced = [facts["by"] for kind, facts in told if kind == "replaced"]
    assert [None, *replaced][-1] == scan.replaced_by
