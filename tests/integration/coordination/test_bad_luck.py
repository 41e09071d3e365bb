"""Whatever workers, services and users do, in any order: each fit counts once, and the map is the undisturbed one's."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select, update

from databases import make_service
from disturbed import NUMBERS, chooser
from feed_laws import check_scan
from skydriver.db.commit_points import CommitPoint
from skydriver.db.tables import tasks
from skydriver.services.adding_workers import add_workers
from skydriver.services.coordination import leases, workers
from skydriver.services.coordination.reconciler import Reconciler
from skydriver.services.coordination.states import ENDED
from skydriver.services.coordination.wire import Report
from skydriver.services.rescanning import rescan
from skydriver.services.submission import submit
from skydriver.testing.events import toy_event
from toy_scans import ToyWorker, document_of, fits_of, row_of, settle

if TYPE_CHECKING:
    from skydriver.services.context import Service

ALERT = {"priority": 100, "nsides": {"1": 0, "2": 3}}
N_ALERTS = 2
N_RESCANS = 2


@dataclass
class State:
    """All that there is, and what is to come of it."""

    service: Service
    reconciler: Reconciler
    threshold: float
    maps: dict[str, bytes] = field(default_factory=dict)
    """Of scans, as they are to be."""
    quiet: dict[str, bytes] = field(default_factory=dict)
    """Maps of scans to which nothing happened."""
    newest: str = ""
    """The scan that was submitted first, or whatever took its place."""
    n_rescans: int = 0
    n_alerts: int = 0
    n_yields: int = 0
    workers: list[ToyWorker] = field(default_factory=list)
    old: list[tuple[ToyWorker, dict[str, Any]]] = field(default_factory=list)
    """Tasks that their workers left."""

    def submit(self, **asked: object) -> str:
        """A new scan of the toy event."""
        arguments = {
            "docker_tag": "latest",
            "reco_algo": "pandel_mpe",
            "nsides": {"1": 0, "2": 3, "8": 6},
            "event_i3live_json": json.loads(toy_event()),
            "real_or_simulated_event": "real",
            "cluster": {"local": 4},
            "predictive_scanning_threshold": self.threshold,
            "force_new": True,
        }
        return submit(self.service, arguments | asked, "local").scan_id

    def is_over(self) -> bool:
        """Whether all scans ended."""
        return all(row_of(self.service, scan).status in ENDED for scan in self.maps)


def undisturbed(state, **asked):
    """The map of a scan to which nothing happens."""
    scan = state.submit(**asked)
    settle(state.reconciler)
    worker = ToyWorker(state.service, f"quiet {scan}")
    worker.work()
    workers.gone(state.service, worker.token, "killed")  # what failed on a worker waits for others that live
    settle(state.reconciler)
    assert row_of(state.service, scan).status == "done"
    return document_of(state.service, scan)


@pytest.mark.parametrize("number", NUMBERS)
def test_map_is_the_same_whatever_happens(database_url, tmp_path, number):
    random = chooser("luck", number)
    service = make_service(database_url, tmp_path)
    state = State(service, Reconciler(service), threshold=(1.0, 0.2)[number % 2])
    state.quiet = {name: undisturbed(state, **asked) for name, asked in (("bulk", {}), ("alert", ALERT))}
    state.newest = state.submit()
    state.maps[state.newest] = state.quiet["bulk"]
    settle(state.reconciler)
    for _ in range(6000):
        if state.is_over():
            break
        random.choice(DEEDS)(state, random)
        if random.random() < 0.1:
            settle(state.reconciler)
    for scan, expected in state.maps.items():
        check_end(state, scan, expected)
    assert state.n_alerts >= N_ALERTS
    assert state.n_rescans == N_RESCANS
    assert state.n_yields > 0
    print(f"FAULTS luck {number}: {state.n_yields} tasks given back for alerts, {count_copies(service)} copied")


def check_end(state, scan, expected):
    row = row_of(state.service, scan)
    check_scan(state.service.database, scan)
    assert row.status == ("aborted" if row.replaced_by else "done"), (row.status, row.code, row.reason)
    if row.status == "done":
        assert document_of(state.service, scan) == expected
    assert all(fit["state"] == 2 for fit in fits_of(state.service, scan))
    assert row.fits_done == len(fits_of(state.service, scan))


def count_copies(service):
    with service.database.reading() as connection:
        return connection.execute(select(func.count(tasks.c.copy_of))).scalar_one()


def _worker(state, random):
    if not state.workers or (random.random() < 0.1 and len(state.workers) < 6):
        state.workers.append(ToyWorker(state.service, f"w{random.random()}"))
    return random.choice(state.workers)


def lease(state, random):
    worker = _worker(state, random)
    if worker.task:
        state.old.append((worker, worker.task))
    report = worker.report() if worker.task else None
    worker.lease(report)


def forget_and_lease(state, random):
    """A worker that was cut off from its own task."""
    worker = _worker(state, random)
    if worker.task:
        state.old.append((worker, worker.task))
    worker.lease()


def say_it_again(state, random):
    if state.old:
        worker, task = random.choice(state.old)
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
        state.old.append((worker, worker.task))
    # Where many deaths hit the same fit it is given up, as it should be: here each is the machine's, not the fit's.
    workers.gone(state.service, worker.token, "killed") if random.random() < 0.05 else None
    state.workers.remove(worker)


def silence(state, random):
    """Time passes, or the clock was set back: the leases of some are over."""
    service = state.service
    with service.database.transaction(CommitPoint.EXPIRE) as connection:
        now = service.database.now(connection)
        moment = now - 5 if random.random() < 0.5 else now + 1e6
        connection.execute(update(tasks).where(tasks.c.state == "open").values(until=moment))
    settle(state.reconciler)


def restart(state, _random):
    """The service is killed: what it had in memory is gone."""
    service = state.service
    again = type(service)(service.settings, service.database)
    state.service, state.reconciler = again, Reconciler(again)
    for worker in state.workers:
        worker.service = again


def second_replica(state, random):
    """Some workers speak to another service on the same database."""
    service = state.service
    other = type(service)(service.settings, service.database)
    _worker(state, random).service = other
    if random.random() < 0.3:
        settle(Reconciler(other))


def beat(state, random, worker=None):
    """A worker says that it lives, and does what it is told."""
    worker = worker or _worker(state, random)
    if worker.task is None:
        return
    answer = workers.heartbeat(worker.service, worker.id, worker.task["task"])
    if answer == "continue":
        return
    if answer == "yield":
        state.n_yields += 1
        leases.give_back(worker.service, worker.id, worker.report(only=random.randrange(3)))
    state.old.append((worker, worker.task))
    worker.lease()


def all_are_slow(state, _random):
    """So that whoever has nothing to do may do it once more."""
    with state.service.database.transaction(CommitPoint.LEASE) as connection:
        old = update(tasks).where(tasks.c.state == "open").values(issued=tasks.c.issued - 60.0)
        connection.execute(old)


def alert(state, random):
    """It comes while workers do something else, and the next words of all are heartbeats."""
    busy = [
        worker for worker in state.workers if worker.task and state.maps[worker.task["scan"]] == state.quiet["bulk"]
    ]
    if busy and (state.n_alerts < N_ALERTS or not state.n_yields):
        state.n_alerts += 1
        state.maps[state.submit(**ALERT)] = state.quiet["alert"]
        settle(state.reconciler)
        for worker in busy:
            beat(state, random, worker)


def more_workers(state, random):
    scan = random.choice(sorted(state.maps))
    if row_of(state.service, scan).status not in ENDED:
        asked = {"n_workers": 1, "cluster_location": "local", "force_new": True}
        add_workers(state.service, scan, asked, "local")


def scan_again(state, random):
    """Its map is then that of another scan."""
    row = row_of(state.service, state.newest)
    if row.status in ENDED or row.fits_done < 20 or state.n_rescans == N_RESCANS:
        return
    state.n_rescans += 1
    asked = {"abort_first": True, "replace_scan": True, "force_new": True}
    service = random.choice([state.service, *(worker.service for worker in state.workers)])
    state.newest = json.loads(rescan(service, state.newest, asked, "local"))["scan_id"]
    state.maps[state.newest] = state.quiet["bulk"]


OFTEN, OFTENER = 2, 12
DEEDS = (
    *[lease] * OFTENER,
    *[beat, all_are_slow] * OFTEN,
    *(forget_and_lease, say_it_again, say_half, say_nonsense, speak_of_others, die),
    *(silence, restart, second_replica, alert, more_workers, scan_again),
)
