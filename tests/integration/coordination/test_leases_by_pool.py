"""Which scans a worker may fit: one of a cluster its own alone, a local one those that want some, others all."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from databases import make_service
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import pools
from skydriver.db.tables import scans
from skydriver.services.coordination.reconciler import Reconciler
from toy_scans import ToyWorker, row_of, settle, store_scan

OVER = {"task": None, "over": True}


@pytest.fixture
def service(database_url, tmp_path):
    """Of three scans, which wait for workers: ``here`` of local ones, ``there`` and ``far`` of a pool of the name."""
    service = make_service(database_url, tmp_path)
    for name, n_local in [("here", 1), ("there", 0), ("far", 0)]:
        store_scan(service, name, n_workers=2, n_local=n_local, nsides="1:0")
        values = {"id": f"pool-{name}", "scan": name, "number": 0, "cluster": "east", "wanted": 2, "memory_mb": 400}
        if not n_local:
            with service.database.transaction(CommitPoint.SUBMIT) as connection:
                pools.add(connection, collector="c", schedd="s", **values)
    settle(Reconciler(service))
    return service


def scan_of(worker):
    task = worker.lease()
    return None if task is None else task["scan"]


def end(service, name):
    with service.database.transaction(CommitPoint.SUBMIT) as connection:
        connection.execute(update(scans).where(scans.c.id == name).values(status="aborted"))


def test_a_worker_of_a_cluster_fits_its_own_scan_alone(service):
    there, far = (ToyWorker(service, name, pool=f"pool-{name}") for name in ("there", "far"))
    assert (scan_of(far), scan_of(there)) == ("far", "there")
    while far.task != OVER:
        assert far.task["scan"] == "far"
        far.lease(far.report())
    assert row_of(service, "far").status == "finishing"
    assert not row_of(service, "there").fits_done
    assert not row_of(service, "here").fits_done


def test_local_workers_take_no_scan_that_wants_none_and_no_more_than_it_wants(service):
    first, second = ToyWorker(service, "first"), ToyWorker(service, "second")
    assert scan_of(first) == "here"
    assert scan_of(second) is None


def test_jobs_take_no_local_workers_place(service):
    jobs = [ToyWorker(service, f"job{n}", pool="pool-there") for n in range(3)]
    assert [scan_of(job) for job in jobs].count("there") >= 1
    assert scan_of(ToyWorker(service, "local")) == "here"


def test_workers_started_by_hand_fit_whatever_there_is(service):
    found = {scan_of(ToyWorker(service, f"hand{n}", pool="by-hand")) for n in range(36)}
    assert found - {None} == {"here", "there", "far"}


def test_a_worker_whose_scan_is_over_hears_it_also_with_its_last_report(service):
    idle, busy, other = (ToyWorker(service, name, pool="pool-there") for name in ("idle", "busy", "other"))
    assert scan_of(busy) == "there"
    end(service, "there")
    assert idle.lease() == OVER
    assert busy.lease(busy.report()) == OVER
    assert other.lease() == OVER
    assert scan_of(ToyWorker(service, "local")) == "here"


def test_a_worker_that_computes_otherwise_than_the_first_gets_nothing(service):
    assert scan_of(ToyWorker(service, "first", pool="pool-there")) == "there"
    assert scan_of(ToyWorker(service, "strange", numerics="other", pool="pool-there")) is None
