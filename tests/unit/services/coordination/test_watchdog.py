"""No scan waits for ever, and none fails because somebody set a clock."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from skydriver.config import Settings
from skydriver.services.coordination.states import Status
from skydriver.services.coordination.watchdog import Watchdog

LIMITS = {"no_worker_timeout_s": 10.0, "no_pixel_timeout_s": 20.0, "external_timeout_s": 30.0}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def dog(clock, tmp_path):
    return Watchdog(Settings(data=tmp_path, **LIMITS), clock)


def scan(status=Status.STARTING, engine="skydriver-1", fits_done=0, fits_failed=0, updated=0.0):
    return SimpleNamespace(
        id="a", status=status, engine=engine, fits_done=fits_done, fits_failed=fits_failed, updated=updated
    )


@pytest.mark.parametrize(
    ("waiting", "limit_s", "code"),
    [
        (scan(), 10.0, "no_worker"),
        (scan(Status.RUNNING), 20.0, "no_pixel"),
        (scan(Status.PREPARING, "external"), 30.0, "scanner_silent"),
        (scan(Status.RUNNING, "external"), 30.0, "scanner_silent"),
    ],
)
def test_what_lasts_too_long_fails_with_its_code(dog, clock, waiting, limit_s, code):
    assert dog.look(waiting) is None
    clock.now = limit_s
    assert dog.look(waiting) is None
    clock.now = limit_s + 0.1
    how = dog.look(waiting)
    assert how.status is Status.FAILED
    assert how.code == code
    assert f"{limit_s:g} s" in how.sentence


@pytest.mark.parametrize("moves", [{"fits_done": 1}, {"status": Status.FINISHING}])
def test_what_moves_does_not_fail(dog, clock, moves):
    dog.look(scan(Status.RUNNING))
    clock.now = 19.0
    before = scan(**({"status": Status.RUNNING} | moves))
    assert dog.look(before) is None
    clock.now = 30.0
    assert dog.look(before) is None


def test_an_external_scanner_that_speaks_does_not_fail(dog, clock):
    for hour in range(10):
        clock.now = hour * 20.0
        assert dog.look(scan(Status.RUNNING, "external", updated=clock.now)) is None


def test_a_scan_that_was_forgotten_begins_anew(dog, clock):
    dog.look(scan())
    dog.forget(set())
    clock.now = 11.0
    assert dog.look(scan()) is None


@pytest.mark.parametrize("status", [Status.QUEUED, Status.FINISHING, Status.DONE])
def test_what_waits_for_nobody_does_not_fail(dog, clock, status):
    dog.look(scan(status))
    clock.now = 1e9
    assert dog.look(scan(status)) is None


@pytest.mark.parametrize(
    ("done", "failed", "ends"), [(19, 19, False), (20, 10, False), (20, 11, True), (3000, 1499, False)]
)
@pytest.mark.parametrize("status", [Status.RUNNING, Status.FINISHING])
def test_too_many_failures_end_a_scan(dog, status, done, failed, ends):
    how = dog.look(scan(status, fits_done=done, fits_failed=failed))
    assert (how is not None) == ends
    assert how is None or (how.code == "fits_fail" and f"{failed} of {done}" in how.sentence)
