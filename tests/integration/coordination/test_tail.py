"""Near its end a round does not wait for one slow worker: an idle one does the same, and the first answer counts."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, update

from databases import make_service
from skydriver.db.commit_points import CommitPoint
from skydriver.db.schema.fits import DONE, LEASED
from skydriver.db.tables import fits, tasks
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.wire import Report
from toy_scans import ToyWorker, document_of, fits_of, row_of, settle, store_scan


@pytest.fixture
def service(database_url, tmp_path):
    return make_service(database_url, tmp_path)


def make_old(service, seconds=60.0):
    """As if all that is open were handed out so much earlier."""
    with service.database.transaction(CommitPoint.LEASE) as connection:
        old = update(tasks).where(tasks.c.state == "open").values(issued=tasks.c.issued - seconds)
        connection.execute(old)


def task_row(service, task):
    with service.database.reading() as connection:
        return connection.execute(select(tasks).where(tasks.c.id == task)).one()


def held(service):
    return [fit for fit in fits_of(service) if fit["state"] == LEASED]


def lease_next(worker):
    """Report what it has, if anything, and ask for the next."""
    return worker.lease(worker.report() if worker.task else None)


def drain(service, reconciler, *workers, scan_id="scan1"):
    """Fit by turns until the scan is over: what failed on one is left to the other."""
    for _ in range(200):
        leased = [lease_next(worker) for worker in workers]
        if not any(leased) and row_of(service, scan_id).status not in {"starting", "running"}:
            break
    settle(reconciler)


def last_task(service, n_workers=4):
    """A worker that holds all of a round that is left, and does nothing; and an idle one."""
    store_scan(service, nsides="1:0,2:3", n_workers=n_workers)
    reconciler = Reconciler(service)
    settle(reconciler)
    slow, report = ToyWorker(service, "slow"), None
    while (task := slow.lease(report)) and row_of(service).fits_done + len(task["pixels"]) < 12:
        report = slow.report()
    return reconciler, slow, ToyWorker(service, "idle")


def test_an_idle_worker_does_the_slowest_task_once_more(service):
    reconciler, slow, idle = last_task(service)
    assert idle.lease() is None, "it is not slow yet"
    make_old(service)
    copy = idle.lease()
    assert copy["pixels"] == slow.task["pixels"]
    assert task_row(service, copy["task"]).copy_of == slow.task["task"]
    assert {fit["task"] for fit in held(service)} == {slow.task["task"]}
    assert ToyWorker(service, "third").lease() is None, "once is enough"
    done = row_of(service).fits_done
    following = idle.lease(idle.report())
    assert row_of(service).fits_done == done + len(copy["pixels"])
    assert following["nside"] == 2 or following["round"] > copy["round"]
    assert workers.heartbeat(service, slow.id, slow.task["task"]) == "stop"
    assert leases.report(service, slow.id, slow.report()) == 0
    drain(service, reconciler, idle, slow)
    assert row_of(service).status == "done"


def test_the_first_answer_counts_also_where_it_is_the_slow_one(service):
    reconciler, slow, idle = last_task(service)
    make_old(service)
    copy = idle.lease()
    before = row_of(service).fits_done
    slow.lease(slow.report())
    assert row_of(service).fits_done == before + len(copy["pixels"])
    assert workers.heartbeat(service, idle.id, copy["task"]) == "stop"
    assert leases.report(service, idle.id, idle.report(of=copy)) == 0
    drain(service, reconciler, idle, slow)
    sequences = sorted(fit["sequence"] for fit in fits_of(service))
    assert sequences == list(range(1, row_of(service).fits_done + 1))


def test_the_map_is_the_same_with_copies(service):
    reconciler, slow, idle = last_task(service)
    for _ in range(200):  # many more than it takes
        if row_of(service).status not in {"starting", "running"}:
            break
        make_old(service)
        if not lease_next(idle) or row_of(service).fits_done % 5 == 0:
            lease_next(slow)
    settle(reconciler)
    with service.database.reading() as connection:
        assert connection.execute(select(func.count(tasks.c.copy_of))).scalar_one() > 1
    with_copies = document_of(service)
    store_scan(service, "plain", nsides="1:0,2:3")
    settle(reconciler)
    drain(service, reconciler, idle, slow, scan_id="plain")
    assert document_of(service, "plain") == with_copies
    assert row_of(service).fits_done == row_of(service, "plain").fits_done


def test_what_fails_in_a_copy_is_no_attempt(service):
    _, slow, idle = last_task(service)
    make_old(service)
    copy = idle.lease()
    failed = [{"index": pixel["index"], "outcome": "failed", "error": "no"} for pixel in copy["pixels"]]
    assert leases.report(service, idle.id, Report(task=copy["task"], pixels=failed)) == 0
    assert all((fit["failures"], fit["state"]) == (0, LEASED) for fit in held(service))
    assert workers.heartbeat(service, slow.id, slow.task["task"]) == "continue"
    assert idle.lease() is None, "it would come to the same"


def test_a_copy_whose_worker_is_gone_frees_nothing_and_may_be_made_again(service):
    _, slow, idle = last_task(service)
    make_old(service)
    idle.lease()
    workers.gone(service, idle.token, "killed")
    assert {(fit["task"], fit["losses"]) for fit in held(service)} == {(slow.task["task"], 0)}
    assert ToyWorker(service, "third").lease()["pixels"] == slow.task["pixels"]


def test_when_the_slow_worker_is_gone_the_copy_counts(service):
    _, slow, idle = last_task(service)
    make_old(service)
    copy = idle.lease()
    workers.gone(service, slow.token, "killed")
    assert not held(service)
    before = row_of(service).fits_done
    assert leases.report(service, idle.id, idle.report()) == len(copy["pixels"])
    assert row_of(service).fits_done == before + len(copy["pixels"])


def test_a_yielded_copy_leaves_the_rest_to_the_slow_one(service):
    _, slow, idle = last_task(service)
    make_old(service)
    copy = idle.lease()
    counted = leases.give_back(service, idle.id, idle.report(only=1))
    left = len(copy["pixels"]) - counted
    assert len(held(service)) == left
    assert workers.heartbeat(service, slow.id, slow.task["task"]) == ("continue" if left else "stop")


@pytest.mark.parametrize("column", ["failures", "losses"])
def test_what_may_kill_a_worker_is_not_copied(service, column):
    _, slow, idle = last_task(service)
    make_old(service)
    with service.database.transaction(CommitPoint.LEASE) as connection:
        connection.execute(update(fits).where(fits.c.task == slow.task["task"]).values({column: 1}))
    assert idle.lease() is None


def test_a_scan_gets_no_more_workers_than_asked_for(service):
    _, _, idle = last_task(service, n_workers=1)
    make_old(service)
    assert idle.lease() is None


def test_as_long_as_there_is_something_else_nothing_is_copied(service):
    store_scan(service, nsides="8:0")
    settle(Reconciler(service))
    one, two = ToyWorker(service, "a"), ToyWorker(service, "b")
    first = one.lease()
    two.lease()
    two.lease(two.report())
    make_old(service)
    taken = two.lease(two.report())
    assert not {p["index"] for p in taken["pixels"]} & {p["index"] for p in first["pixels"]}
    assert {fit["state"] for fit in fits_of(service)} >= {DONE, LEASED}


def test_workers_of_other_numerics_copy_nothing(service):
    last_task(service)
    make_old(service)
    assert ToyWorker(service, "other", numerics="other").lease() is None
