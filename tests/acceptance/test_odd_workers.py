"""A worker that answers twice, late, or nonsense, or whose token ends, beside workers that do as they should.

What a worker says of its own task is trusted where it is a number: nobody can tell a wrong fit from a right one.
"""

from __future__ import annotations

import time
from contextlib import closing

import pytest

from disturbed import ALL, NUMBERS, QUICK_LEASES, SWEEPS, Disturbed, chooser, only_its_own_are_left
from odd_worker import OddWorker
from skydriver.db.stores.tasks import DROPPED, EXPIRED
from skydriver.db.tables import tasks
from skydriver.testing.processes import wait_until

LEASE_S = QUICK_LEASES["lease_s"]


def tasks_of(worker, scan):
    """Its tasks, until the scan is over; the one before has to be reported meanwhile."""
    while not scan.memory.is_over(scan.id):
        task = worker.lease()
        if task is not None:
            yield task


def false(report):
    """The same, with other numbers."""
    pixels = [pixel | {"llh": (pixel["llh"] or 0.0) - 1e6, "outcome": "done"} for pixel in report["pixels"]]
    return report | {"pixels": pixels}


def is_overtaken(scan, task):
    """Whether others did the same meanwhile, as happens to one that is slow, or silent for longer than its lease."""
    return any(row.id == task["task"] and row.state in {DROPPED, EXPIRED} for row in scan.memory.rows(tasks, scan.id))


def twice(worker, scan, random):
    """It answers, and answers again otherwise, by each of the three ways: the first word counts."""
    for n, task in enumerate(tasks_of(worker, scan)):
        scan.note("answer")
        true = worker.fit(task)
        assert worker.report(true) == len(task["pixels"]) or is_overtaken(scan, task)
        assert worker.report(random.choice([true, false(true)])) == 0
        pixels = true["pixels"] + false(true)["pixels"]
        assert worker.report(true | {"pixels": pixels}) == 0
        assert worker.answer("return", worker=worker.name, **false(true)) == {}
        if n % 2:  # also with the next request for work, whose task it gives back
            following = worker.lease(false(true), wait_s=0.0)
            if following is not None:
                worker.answer("return", worker=worker.name, task=following["task"], pixels=[])


def late(worker, scan, random):
    """It is silent until its lease is over; others fit that, and its late answer changes nothing that is there."""
    task = next(tasks_of(worker, scan), None)
    if task is None:
        return
    scan.note("silence")
    true = worker.fit(task)
    time.sleep(random.uniform(0.8, 2.5) * LEASE_S)  # what is waited for is what does not happen
    n_counted = worker.report(true)
    assert 0 <= n_counted <= len(task["pixels"])
    assert worker.report(false(true)) == 0
    scan.wait_for(10**9)
    assert worker.report(false(true)) == 0
    assert worker.answer("heartbeat", worker=worker.name, task=task["task"]) == {"answer": "stop"}


def nonsense(worker, scan, random):
    """What is no report is refused; what is none of its pixels, or no number, counts as nothing."""
    for n, task in enumerate(tasks_of(worker, scan)):
        scan.note("nonsense")
        for said in random.sample(BROKEN, 3):
            answer = worker.post("report", **({"worker": worker.name, "task": task["task"], "pixels": []} | said))
            assert answer.status_code in {400, 403, 404}, answer.text
        worker.http.post("/workers/lease", content=random.randbytes(random.randrange(200)))
        pixels = [random.choice(ODD)(pixel["index"]) for pixel in task["pixels"] for _ in range(random.randint(0, 2))]
        assert worker.report({"task": task["task"], "pixels": pixels}) == 0
        assert worker.report({"task": "f" * 24, "pixels": pixels}) == 0
        if n == 20:
            return


BROKEN = [
    {"worker": "nobody"},
    {"worker": 7},
    {"task": None},
    {"task": "x" * 1000},
    {"pixels": None},
    {"pixels": [{}]},
    {"pixels": [{"index": -1, "outcome": "done"}]},
    {"pixels": [{"index": 2**70, "outcome": "done"}]},
    {"pixels": [{"index": 1, "outcome": "splendid"}]},
    {"pixels": [{"index": 1, "outcome": "done", "llh": "low"}]},
    {"pixels": [{"index": 1, "outcome": "done", "llh": 1.0, "cpu_seconds": -1.0}]},
]
ODD = [
    lambda index: {"index": index, "outcome": "done", "llh": None},
    lambda index: {"index": index, "outcome": "done"},
    lambda index: {"index": index + 2**40, "outcome": "done", "llh": -1e9},
    lambda index: {"index": index, "outcome": "failed", "llh": -1e9, "error": "€" * 500},
    lambda index: {"index": index, "outcome": "stopped", "cpu_seconds": 1e9},
    lambda index: {"index": index, "outcome": "lost", "error": ""},
]


def expired(worker, scan, random):
    """Its token ends while it holds a task: whatever it says is refused, and others fit that."""
    task = next(tasks_of(worker, scan), None)
    if task is None:
        return
    scan.note("token")
    true = worker.fit(task)
    wait_until(lambda: worker.post("heartbeat", worker=worker.name).status_code == 401, "the token is over", 20.0)
    before = scan.memory.done(scan.id)
    said = {"report": true, "lease": {"report": true}, "return": true, "token": {}, "heartbeat": {}}
    for route, what in said.items():
        assert worker.post(route, worker=worker.name, **what).status_code == 401
    assert worker.http.get(f"/workers/event/{task['event']}").status_code == 401
    assert scan.memory.done(scan.id) >= before
    random.random()


def foreign(worker, scan, random):
    """Of another's task it can say nothing, and in another's name neither."""
    with closing(OddWorker(scan.running)) as other:
        for task in tasks_of(other, scan):
            scan.note("claim")
            true = other.fit(task)
            assert worker.report(random.choice([true, false(true)])) == 0
            assert worker.answer("heartbeat", worker=worker.name, task=task["task"]) == {"answer": "stop"}
            assert worker.answer("return", worker=worker.name, **false(true)) == {}
            assert worker.post("report", worker=other.name, **false(true)).status_code == 403
            assert worker.post("return", worker=other.name, **false(true)).status_code == 403
            answer = other.answer("heartbeat", worker=other.name, task=task["task"])
            assert answer == {"answer": "continue"} or is_overtaken(scan, task)
            assert other.report(true) == len(task["pixels"]) or is_overtaken(scan, task)


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("behave", [twice, late, nonsense, expired, foreign])
def test_the_map_is_that_of_the_others(served, references, behave, number):
    running, memory = served(number)
    random = chooser(behave.__name__, number)
    with closing(OddWorker(running, seconds=3.0 if behave is expired else 600.0)) as worker:
        scan = Disturbed(running, memory, SWEEPS if behave is nonsense else random.choice(ALL), n_workers=4)
        behave(worker, scan, random)
        scan.end_well(references, f"{behave.__name__} {number}")
        assert scan.n_hit > 0
    only_its_own_are_left(running)
