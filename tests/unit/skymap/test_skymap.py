"""The map itself: what it refuses, what it keeps, and that NaN never wins."""

import math

import healpy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import ResultError
from skydriver.skymap.columns import COLUMNS, DTYPE, rows_from
from skydriver.skymap.skymap import EventIdentity, SkyMap

LLH = st.sampled_from([math.nan, 100.0, 101.0, 102.5])


@given(st.lists(LLH, min_size=12, max_size=12), st.lists(LLH, max_size=20), st.lists(LLH, max_size=20))
def test_best_fit_is_the_lowest_wherever_nan_is(new_map, first, second, third):
    skymap = new_map({1: first, 8: second, 64: third})
    everything = [(llh, -n, i) for n, llhs in ((1, first), (8, second), (64, third)) for i, llh in enumerate(llhs)]
    finite = [entry for entry in everything if not math.isnan(entry[0])]
    best = skymap.best_fit()
    if not finite:
        assert best is None
        return
    llh, minus_nside, pixel = min(finite)  # ties: the finer nside, then the lower pixel
    assert (best.llh, best.nside, best.pixel) == (llh, -minus_nside, pixel)
    theta, phi = healpy.pix2ang(best.nside, best.pixel)
    assert best.ra_deg == pytest.approx(math.degrees(phi), abs=1e-11)
    assert best.dec_deg == pytest.approx(90 - math.degrees(theta), abs=1e-11)


@pytest.mark.parametrize("bad", [-math.inf, math.inf, math.nan])
def test_infinities_are_nan_and_never_win(new_map, bad):
    skymap = new_map({1: [bad, 5.0, bad]})
    assert skymap.best_fit().pixel == 1
    np.testing.assert_array_equal(skymap.stages[1]["llh"], [math.nan, 5.0, math.nan])


def test_plot_arrays_mask_what_has_no_value(new_map):
    pixels, llh = new_map({1: [math.nan, 5.0, 7.0]}).plot_arrays(1)
    assert pixels.tolist() == [0, 1, 2]
    assert llh.mask.tolist() == [True, False, False]
    assert llh.min() == 5.0


def test_rows_are_sorted_copied_and_read_only(new_map):
    rows = rows_from([(5, *[1.0] * 7), (2, *[2.0] * 7)])[::-1].copy()
    skymap = SkyMap({8: rows, 1: rows[:1]}, {1: True, 8: False, 64: False}, new_map({}).event, None)
    assert list(skymap.stages) == [1, 8]
    assert skymap.stages[8]["index"].tolist() == [2, 5]
    rows["llh"] = 0
    assert skymap.stages[8]["llh"].tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        skymap.stages[8]["llh"][0] = 3
    with pytest.raises(TypeError):
        skymap.stages[8] = rows
    assert skymap.partial
    assert skymap.n_pixels == 3


def test_stages_without_a_pixel_are_left_out(new_map):
    assert list(new_map({1: [1.0], 8: []}).stages) == [1]


def test_the_columns_are_skyreaders(skyreader):
    assert skyreader.SkyScanResult.PIXEL_TYPES[1] == DTYPE
    assert all(column.meaning for column in COLUMNS)


def stage(indices):
    return rows_from([(index, *[1.0] * 7) for index in indices])


@pytest.mark.parametrize(
    ("nside", "rows", "reason"),
    [
        (7, stage([0]), "nside 7 is not a power of two"),
        (0, stage([0]), "nside 0 is not a power of two"),
        (1, stage([12]), "nside-1: a pixel index is not between 0 and 11"),
        (1, stage([-1]), "nside-1: a pixel index is not between 0 and 11"),
        (1, stage([3, 5, 3]), "nside-1: pixel 3 is there twice"),
        (1, stage([3])[["index", "llh"]], "nside-1: the columns are"),
        (1, stage([3]).reshape(1, 1), "nside-1: the columns are"),
        (1, np.zeros(3), "nside-1: the columns are"),
    ],
)
def test_what_is_no_stage_is_refused(new_map, nside, rows, reason):
    with pytest.raises(ResultError, match=reason):
        SkyMap({nside: rows}, {nside: True}, new_map({}).event, None)


def test_each_stage_must_be_said_to_be_complete_or_not(new_map):
    with pytest.raises(ResultError, match="nside 1 is not said to be complete"):
        SkyMap({1: stage([0])}, {}, new_map({}).event, None)


@pytest.mark.parametrize("run_id", [99_999, 1_000_000, 0])
def test_run_ids_bind_real_events_only(run_id):
    with pytest.raises(ResultError, match=f"run_id {run_id} of a real event"):
        EventIdentity(run_id, 1, "", 60000.0, is_real_event=True)
    assert EventIdentity(run_id, 1, "", 60000.0, is_real_event=False).run_id == run_id


@pytest.mark.parametrize(("run_id", "event_id", "mjd"), [(-1, 1, 6e4), (1, -1, 6e4), (1, 2**63, 6e4), (1, 1, math.inf)])
def test_impossible_identities_are_refused(run_id, event_id, mjd):
    with pytest.raises(ResultError):
        EventIdentity(run_id, event_id, "", mjd, is_real_event=False)


def test_a_best_fit_on_the_equator_has_no_negative_zero(new_map):
    """As it would be printed; of nside 1, whose pixels 4 to 7 are centred there."""
    for pixel in range(4, 8):
        best = new_map({1: [0.0 if k == pixel else 1.0 for k in range(12)]}).best_fit()
        assert f"{best.dec_deg:+.3f}" == "+0.000"
