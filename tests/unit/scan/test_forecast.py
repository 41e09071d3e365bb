"""The forecast: what is known is exact, what is not is assumed as documented, nothing measured is None."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.scan.forecast import fit_seconds, forecast
from skydriver.scan.planner import Finished, Ledger, PlanSettings, Tally
from skydriver.scan.progression import parse_nsides

ONE_ROUND = PlanSettings(parse_nsides("1:0,2:3"), rounds=1)
SWEEPS = PlanSettings(parse_nsides("1:0,2:3"), rounds=3)


def test_nothing_measured_is_no_estimate():
    result = forecast(ONE_ROUND, [Tally(1, 0, 12, 0, 0.0)], workers=2)
    assert (result.seconds_left, result.cpu_seconds_left, result.fraction) == (None, None, 0.0)
    assert (result.pixels_done, result.pixels_total, result.fits_expected) == (0, 24, 24)


def test_without_workers_the_cpu_time_is_known_and_the_end_is_not():
    result = forecast(ONE_ROUND, [Tally(1, 0, 12, 6, 6.0)], workers=0)
    assert (result.cpu_seconds_left, result.seconds_left) == (18.0, None)


def test_rounds_not_measured_take_as_long_as_the_last_measured():
    result = forecast(ONE_ROUND, [Tally(1, 0, 12, 12, 24.0), Tally(2, 0, 12, 4, 2.0)], workers=2)
    assert (result.cpu_seconds_left, result.seconds_left) == (4.0, 2.0)
    assert result.fraction == pytest.approx(26 / 30)
    assert (result.pixels_done, result.fits_done, result.fits_expected) == (16, 16, 24)


def test_sweeps_never_seen_are_expected_to_want_every_pixel():
    result = forecast(SWEEPS, [Tally(1, 0, 12, 12, 12.0)], workers=1)
    assert result.fits_expected == 12 * 3 + 12 * 3


def test_sweeps_are_expected_to_want_what_the_latest_stage_wanted():
    tallies = [Tally(1, 0, 12, 12, 12.0), Tally(1, 1, 6, 6, 6.0), Tally(1, 2, 0, 0, 0.0), Tally(2, 0, 12, 0, 0.0)]
    result = forecast(SWEEPS, tallies, workers=1)
    assert result.fits_expected == 18 + 12 + 6
    assert result.cpu_seconds_left == 18.0


def test_a_finished_scan_has_nothing_left():
    tallies = [Tally(n, r, 12 * (r == 0), 12 * (r == 0), 1.0 * (r == 0)) for n in (1, 2) for r in range(3)]
    result = forecast(SWEEPS, tallies, workers=1)
    assert (result.seconds_left, result.fraction, result.fits_done) == (0.0, 1.0, result.fits_expected)


@given(st.integers(0, 12), st.just(0.0) | st.floats(1e-6, 1e6), st.integers(0, 100))
def test_a_fraction_is_a_fraction(done, seconds, workers):
    result = forecast(SWEEPS, [Tally(1, 0, 12, done, seconds if done else 0.0)], workers)
    assert 0 <= result.fraction < 1
    assert (result.cpu_seconds_left is None) == (done == 0)


def only(pixels):
    """A region of these pixels of any nside."""
    return lambda _, asked: np.isin(asked, list(pixels))


def test_a_part_of_the_sky_is_counted_as_it_is_once_its_stage_has_begun():
    part = PlanSettings(parse_nsides("1:0,2:3,4:6"), 1, inside=only([0, 1]))
    before = forecast(part, [Tally(1, 0, 2, 1, 1.0)], workers=1)
    assert (before.pixels_total, before.fits_expected) == (2 + 2 * 4 + 6 * 4, 34), "at most so many"
    after = forecast(part, [Tally(1, 0, 2, 2, 2.0), Tally(2, 0, 2, 1, 1.0)], workers=1)
    assert (after.pixels_total, after.pixels_done) == (2 + 2 + 2 * 4, 3)


@given(st.sets(st.integers(0, 47)), st.integers(1, 4))
def test_a_part_of_the_sky_never_grows_and_ends_at_its_end(pixels, rounds):
    ledger = Ledger(PlanSettings(parse_nsides("1:0,2:3,4:2"), rounds, inside=only(pixels)))
    totals = []
    while not ledger.plan().finished:
        now = forecast(ledger.settings, ledger.tallies(), 1)
        totals.append(now.pixels_total)
        assert now.fraction < 1
        assert now.pixels_done < now.pixels_total or now.fits_done < now.fits_expected
        ledger.add(Finished(ledger.plan().certain[0], 100.0, *[0.0] * 6, cpu_seconds=0.1))
    last = forecast(ledger.settings, ledger.tallies(), 1)
    assert totals == sorted(totals, reverse=True)
    assert last.pixels_done == last.pixels_total == sum(len(r.fits) for r in ledger.final_fits().values())
    assert (last.fraction, last.fits_done) == (1.0, last.fits_expected)


def test_seconds_per_fit_are_means_of_what_was_measured():
    assert fit_seconds([Tally(1, 0, 12, 4, 2.0), Tally(1, 1, 12, 0, 0.0)]) == {(1, 0): 0.5}
