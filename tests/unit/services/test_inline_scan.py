"""A scan in this process: what it fits, and that no fit that fails ends it."""

import math

import pytest

from skydriver.recos.base import Fit
from skydriver.services.directions import pixel_directions
from skydriver.services.inline_scan import scan_inline
from skydriver.services.preparation import ScanRequest

MJD = 60000.0


class Recorder:
    """A fitter whose llh falls towards the north of the detector; it raises where the direction is among `bad`."""

    def __init__(self, bad=(), error=None) -> None:
        self.bad, self.error = bad, error
        self.seen = []

    def fit(self, direction, seeds):
        self.seen.append((tuple(direction.tolist()), None if seeds is None else seeds.tolist()))
        if self.seen[-1][0] in self.bad:
            raise self.error
        return Fit(-direction[1], math.nan, math.nan, *direction, 5.0)


def test_every_pixel_is_fitted_where_it_is_and_children_from_their_parents_vertex():
    recorder = Recorder()
    ledger = scan_inline(ScanRequest("dummy", "1:0,2:1"), recorder, MJD)
    assert ledger.plan().finished
    sky = pixel_directions(1, range(12), MJD)
    assert recorder.seen[:12] == [(direction, None) for direction in sky]
    best = max(sky, key=lambda direction: direction[1])
    children = [fit.wanted.pixel for fit in ledger.final_fits()[2].fits]
    assert sorted(recorder.seen[12:]) == sorted((d, [[*best, 5.0]]) for d in pixel_directions(2, children, MJD))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError(""), "RuntimeError: "),
        (ValueError("x" * 500), "ValueError: " + "x" * 228),
    ],
)
def test_a_fit_that_raises_has_no_value_and_says_why(error, text):
    """Cut off as a worker would; it is not tried again."""
    bad = pixel_directions(1, [7], MJD)
    recorder = Recorder(bad, error)
    fits = scan_inline(ScanRequest("dummy", "1:0"), recorder, MJD).final_fits()[1].fits
    assert [fit.error for fit in fits] == [text if fit.wanted.pixel == 7 else None for fit in fits]
    assert [fit.wanted.pixel for fit in fits if math.isnan(fit.llh)] == [7]
    assert len(recorder.seen) == 12


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_who_ends_the_process_is_not_held_up(stop):
    with pytest.raises(stop):
        scan_inline(ScanRequest("dummy", "1:0"), Recorder(pixel_directions(1, [7], MJD), stop()), MJD)


def test_sweeps_are_made_as_the_algorithm_asks_for_them():
    """Each round after the first fits from neighbours' vertices."""
    recorder = Recorder()
    scan_inline(ScanRequest("pandel_mpe", "1:0"), recorder, MJD)
    assert len(recorder.seen) > 12
    assert all(seeds for _, seeds in recorder.seen[12:])
