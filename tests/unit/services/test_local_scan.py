"""How often a fit is tried again, and what is remembered of it."""

import math

import pytest

from skydriver.recos.base import Fit
from skydriver.scan.pixels import children
from skydriver.services.local_scan import MAX_ATTEMPTS, MAX_LOSSES, LocalScan
from skydriver.services.preparation import ScanRequest
from skydriver.testing.events import toy_pulses
from skydriver.worker.pool import Answer
from skydriver.worker.task import PixelReport

NO_FIT = Fit(*[math.nan] * 7)
DONE = PixelReport("done", 1.0, *[0.0] * 6, 0.001, None)


def failure(outcome):
    return PixelReport(outcome, *NO_FIT, 0.5, f"it was {outcome}")


@pytest.fixture
def scan():
    return LocalScan(ScanRequest("dummy", "1:0"), toy_pulses(), 60000.0)


@pytest.mark.parametrize(
    ("outcome", "most", "remembered"),
    [("failed", MAX_ATTEMPTS, 0), ("stopped", MAX_ATTEMPTS, MAX_ATTEMPTS), ("lost", MAX_LOSSES, 1)],
)
def test_a_fit_is_given_up_after_so_many_attempts(scan, outcome, most, remembered):
    first = scan.ledger.plan().certain[0]
    for _ in range(most - 1):
        scan._take_in((first,), [failure(outcome)])
        assert first in scan.ledger.plan().certain
    scan._take_in((first,), [failure(outcome)])
    (kept,) = scan.ledger.final_fits()[1].fits
    assert (kept.wanted, kept.error) == (first, f"it was {outcome}")
    assert math.isnan(kept.llh)
    assert scan.unlucky.total() == remembered
    assert (scan.n_fits, scan.fit_cpu_seconds) == (most, 0.5 * most)


def test_a_fit_that_keeps_taking_its_worker_down_is_given_up(scan):
    first, second = scan.ledger.plan().certain[:2]
    for _ in range(MAX_LOSSES):
        scan._take_in((first, second), None)
    (kept,) = scan.ledger.final_fits()[1].fits
    assert (kept.wanted, kept.error) == (first, "the worker process died")
    assert scan.unlucky == {"lost": 1}


def test_a_loss_that_is_made_good_leaves_no_trace_in_the_map(scan):
    for wanted in scan.ledger.plan().certain:
        scan._take_in((wanted,), None)
        scan._take_in((wanted,), [failure("lost")])
        scan._take_in((wanted,), [DONE])
    assert scan.ledger.plan().finished
    assert not scan.unlucky


def test_a_fit_that_was_stopped_once_marks_the_map(scan):
    for wanted in scan.ledger.plan().certain:
        scan._take_in((wanted,), [failure("stopped")])
        scan._take_in((wanted,), [DONE])
    assert scan.unlucky == {"stopped": 12}


def test_a_suspect_is_sent_alone(scan):
    scan._take_in(scan.ledger.plan().certain[:1], [DONE])
    free = scan.ledger.plan().certain
    assert len(scan._next_batch(free)) > 1
    scan._take_in(free[:2], None)
    assert len(scan._next_batch(free)) == 1
    assert len(scan._next_batch(free[1:])) > 1


class LatePool:
    """Four workers of which those that fit what is wanted answer first: what was begun in vain comes last."""

    def __init__(self, ends) -> None:
        self.tasks, self.ends = [], iter(ends)
        self.late = 0
        self.children = set(children(1, [11], 2).ravel().tolist())

    def idle(self):
        return 4 - len(self.tasks)

    def submit(self, tag, _pixels):
        assert self.idle()
        self.tasks.append(tag)

    def _in_vain(self, tag):
        return tag[0].nside == 2 and tag[0].pixel not in self.children

    def answers(self):
        tag = min(self.tasks, key=self._in_vain)
        self.tasks.remove(tag)
        if not self._in_vain(tag):
            return [Answer(tag, [DONE._replace(llh=-float(fit.pixel)) for fit in tag])]
        self.late += 1
        return [Answer(tag, next(self.ends))]


@pytest.fixture
def early():
    """A scan whose last pixel of stage 0 is the best, so that what is begun before that is in vain."""
    return LocalScan(ScanRequest("dummy", "1:0,2:1", 0.1, workers=4), toy_pulses(), 60000.0)


@pytest.mark.parametrize("end", [[DONE], [failure("stopped")], [failure("lost")], None])
def test_a_pool_is_left_idle_whatever_becomes_of_fits_begun_in_vain(early, end):
    pool = LatePool([end] * 100)
    early.run_in(pool, lambda _: None)
    assert pool.tasks == []
    assert pool.late > 0
    assert early.n_fits == 12 + 4 + pool.late
    assert not early.unlucky
    assert {fit.wanted.pixel for fit in early.ledger.final_fits()[2].fits} == pool.children


def test_an_interrupt_in_a_pool_of_others_is_told_to_them(early):
    pool = LatePool([])

    def interrupted():
        raise KeyboardInterrupt

    pool.answers = interrupted
    with pytest.raises(KeyboardInterrupt):
        early.run_in(pool, lambda _: None)
