"""Whatever workers and services do, in any order: each fit counts once, and the map is that of an undisturbed scan."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from databases import make_service
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import tasks
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.wire import Report
from toy_scans import ToyWorker, chooser, document_of, fits_of, row_of, settle, store_scan


def undisturbed(service, **asked: object):
    store_scan(service, "quiet", **asked)
    reconciler = Reconciler(service)
    settle(reconciler)
    ToyWorker(service, "quiet").work()
    settle(reconciler)
    assert row_of(service, "quiet").status == "done"
    return document_of(service, "quiet")


@pytest.mark.parametrize("threshold", [1.0, 0.2])
@pytest.mark.parametrize("seed", range(3))
def test_map_is_the_same_whatever_happens(database_url, tmp_path, seed, threshold):
    random = chooser(seed)
    service = make_service(database_url, tmp_path)
    quiet = undisturbed(service, threshold=threshold)
    store_scan(service, threshold=threshold)
    state = {"service": service, "reconciler": Reconciler(service), "old": [], "workers": []}
    settle(state["reconciler"])
    for _ in range(4000):
        if row_of(service).status == "done":
            break
        random.choice(DEEDS)(state, random)
        if random.random() < 0.1:
            settle(state["reconciler"])
    row = row_of(service)
    assert row.status == "done", (row.status, row.code, row.reason)
    assert document_of(service) == quiet
    stored = fits_of(service)
    assert all(fit["state"] == 2 for fit in stored)
    assert row.fits_done == len(stored)
    assert row.fits_failed == sum(fit["error"] is not None for fit in stored)
    assert row.cpu_seconds == pytest.approx(sum(fit["cpu_seconds"] for fit in stored))


def _worker(state, random):
    if not state["workers"] or (random.random() < 0.1 and len(state["workers"]) < 6):
        state["workers"].append(ToyWorker(state["service"], f"w{random.random()}"))
    return random.choice(state["workers"])


def lease(state, random):
    worker = _worker(state, random)
    if worker.task:
        state["old"].append((worker, worker.task))
    report = worker.report() if worker.task else None
    worker.lease(report)


def forget_and_lease(state, random):
    """A worker that was cut off from its own task."""
    worker = _worker(state, random)
    if worker.task:
        state["old"].append((worker, worker.task))
    worker.lease()


def say_it_again(state, random):
    if state["old"]:
        worker, task = random.choice(state["old"])
        leases.report(worker.service, worker.id, worker.report(of=task))


def say_half(state, random):
    worker = _worker(state, random)
    if worker.task:
        leases.give_back(worker.service, worker.id, worker.report(only=random.randrange(3)))
        worker.task = None


def say_nonsense(state, random):
    worker = _worker(state, random)
    if worker.task:
        ours = [{"index": 10**6 + k, "outcome": "done", "llh": -1e9, "cpu_seconds": 1.0} for k in range(3)]
        leases.report(worker.service, worker.id, Report.model_validate({"task": worker.task["task"], "pixels": ours}))
        worker.task = None


def speak_of_others(state, random):
    """A worker that reports on a task that is not its own."""
    one, other = _worker(state, random), _worker(state, random)
    if other.task and one is not other:
        wrong = [{"index": p["index"], "outcome": "done", "llh": -1e9} for p in other.task["pixels"]]
        said = Report.model_validate({"task": other.task["task"], "pixels": wrong})
        assert leases.report(one.service, one.id, said) == 0


def die(state, random):
    worker = _worker(state, random)
    if worker.task:
        state["old"].append((worker, worker.task))
    # Where many deaths hit the same fit it is given up, as it should be: here each is the machine's, not the fit's.
    workers.gone(state["service"], worker.token, "killed") if random.random() < 0.05 else None
    state["workers"].remove(worker)


def silence(state, random):
    """Time passes, or the clock was set back: the leases of some are over."""
    service = state["service"]
    with service.database.transaction(CommitPoint.EXPIRE) as connection:
        now = service.database.now(connection)
        moment = now - 5 if random.random() < 0.5 else now + 1e6
        connection.execute(update(tasks).where(tasks.c.state == "open").values(until=moment))
    settle(state["reconciler"])


def restart(state, _random):
    """The service is killed: what it had in memory is gone."""
    service = state["service"]
    again = type(service)(service.settings, service.database)
    state["service"], state["reconciler"] = again, Reconciler(again)
    for worker in state["workers"]:
        worker.service = again


def second_replica(state, random):
    """Some workers speak to another service on the same database."""
    service = state["service"]
    other = type(service)(service.settings, service.database)
    _worker(state, random).service = other
    if random.random() < 0.3:
        settle(Reconciler(other))


DEEDS = (
    [lease] * 12
    + [forget_and_lease, say_it_again, say_half, say_nonsense, speak_of_others, die]
    + [
        silence,
        restart,
        second_replica,
    ]
)
