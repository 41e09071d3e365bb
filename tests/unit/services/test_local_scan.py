"""How often a fit is tried again, and what is remembered of it."""

import math

import pytest

from skydriver.recos.base import Fit
from skydriver.services.local_scan import MAX_ATTEMPTS, MAX_LOSSES, LocalScan
from skydriver.services.preparation import ScanRequest
from skydriver.testing.events import toy_pulses
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
