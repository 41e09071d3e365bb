"""The sky in cells against a slow oracle: every place of the finest sky asks the stages, one after the other."""

import math
from itertools import pairwise

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.errors import ResultError
from skydriver.scan.pixels import children, parents
from skydriver.skymap.cells import Cells, cells_of, centre_vectors, centres_deg, coarsened, llh_at, pixels_in

PROGRESSIONS = [(1,), (1, 2), (1, 4), (2, 4, 8), (1, 2, 8), (1, 4, 8, 16)]
seeds = st.integers(0, 2**32)


def some_llh(dice, pixels, gaps):
    """A value for each pixel, NaN for the share `gaps` of them."""
    return {int(i): math.nan if dice.uniform() < gaps else dice.uniform(0.0, 9.0) for i in pixels}


def scanned(dice, nsides, gaps=0.2):
    """Stages as a scan makes them: all children of some pixels of the stage before."""
    stages = {nsides[0]: some_llh(dice, range(12 * nsides[0] ** 2), gaps)}
    for coarse, fine in pairwise(nsides):
        refined = dice.choice(list(stages[coarse]), 3, replace=False)
        stages[fine] = some_llh(dice, children(coarse, refined, fine).ravel(), gaps)
    return stages


def slow_sky(stages):
    """The llh of each pixel of the finest stage, by healpy; NaN where nothing has a value."""
    finest = max(stages)
    values = np.full(12 * finest**2, math.nan)
    at = healpy.pix2vec(finest, np.arange(len(values)))
    for nside in sorted(stages):
        for k, pixel in enumerate(healpy.vec2pix(nside, *at).tolist()):
            llh = stages[nside].get(pixel, math.nan)
            if not math.isnan(llh):
                values[k] = llh
    return values


def painted(cells, nside):
    """The cells' llh in every pixel of `nside`, NaN where there is no cell; complains where two overlap."""
    values = np.full(12 * nside**2, math.nan)
    for size, pixel, llh in zip(*(column.tolist() for column in cells), strict=True):
        inside = children(size, [pixel], nside)[0]
        assert np.isnan(values[inside]).all()
        values[inside] = llh
    return values


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(PROGRESSIONS), seeds, st.sampled_from([0.0, 0.2, 0.9]))
def test_each_place_has_the_finest_finite_value(map_of, nsides, seed, gaps):
    stages = scanned(np.random.default_rng(seed), nsides, gaps)
    cells = cells_of(map_of(stages))
    np.testing.assert_array_equal(painted(cells, nsides[-1]), slow_sky(stages))
    order = np.lexsort((cells.pixel, cells.nside))
    assert (order == np.arange(len(order))).all()


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(PROGRESSIONS), seeds)
def test_stages_need_not_nest(map_of, nsides, seed):
    """As of a scan that was stopped, or that refined a disc around its minimum: any pixels at all."""
    dice = np.random.default_rng(seed)
    stages = {n: some_llh(dice, dice.choice(12 * n**2, 6, replace=False), 0.2) for n in nsides}
    np.testing.assert_array_equal(painted(cells_of(map_of(stages)), nsides[-1]), slow_sky(stages))


@settings(deadline=None, max_examples=10)
@given(st.sampled_from(PROGRESSIONS), seeds)
def test_a_whole_sky_stays_whole(map_of, nsides, seed):
    """However many of the finer pixels have no value."""
    dice = np.random.default_rng(seed)
    stages = scanned(dice, nsides, 0.5)
    stages[nsides[0]] = some_llh(dice, range(12 * nsides[0] ** 2), 0.0)
    assert cells_of(map_of(stages)).area_sr.sum() == pytest.approx(4.0 * math.pi, rel=1e-12)


def test_a_child_without_a_value_takes_its_parents(map_of):
    inside = children(1, [5], 2)[0].tolist()
    cells = cells_of(map_of({1: {5: 7.0}, 2: dict(zip(inside, [1.0, math.nan, 3.0, math.nan], strict=True))}))
    assert cells.nside.tolist() == [2] * 4
    assert dict(zip(cells.pixel.tolist(), cells.llh.tolist(), strict=True)) == dict(
        zip(inside, [1.0, 7.0, 3.0, 7.0], strict=True)
    )


@settings(deadline=None, max_examples=10)
@given(seeds)
def test_order_of_rows_does_not_matter(map_of, seed):
    dice = np.random.default_rng(seed)
    stages = scanned(dice, (1, 2, 8))
    shuffled = {n: dict(dice.permutation(list(stages[n].items())).tolist()) for n in reversed(stages)}
    for one, other in zip(cells_of(map_of(stages)), cells_of(map_of(shuffled)), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_map_without_a_value_has_no_cells(map_of):
    assert cells_of(map_of({})).llh.size == 0
    assert cells_of(map_of({1: {0: math.nan}, 2: {1: math.nan}})).llh.size == 0


def test_a_selection_is_by_flag_or_by_place(map_of):
    cells = cells_of(map_of({1: {0: 3.0, 4: 1.0, 9: 2.0}}))
    assert cells.select(cells.llh < 2.5).pixel.tolist() == [4, 9]
    assert cells.select(np.array([2, 0])).llh.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("nside", [1, 8, 512])
def test_centres_are_healpys(nside):
    pixel = np.random.default_rng(nside).integers(0, 12 * nside**2, 20)
    ra, dec = healpy.pix2ang(nside, pixel, lonlat=True)
    np.testing.assert_allclose(centres_deg(nside, pixel), [ra, dec], rtol=0, atol=1e-10)
    np.testing.assert_allclose(centre_vectors(nside, pixel), np.transpose(healpy.pix2vec(nside, pixel)), atol=1e-14)


@pytest.mark.parametrize(("nside", "finer"), [(1, 2), (4, 32), (64, 64)])
def test_every_subdivision_lies_in_its_pixel(nside, finer):
    pixel = np.arange(12)
    inside = children(nside, pixel, finer)
    assert inside.shape == (12, (finer // nside) ** 2)
    assert len(np.unique(inside)) == inside.size
    around = healpy.vec2pix(nside, *healpy.pix2vec(finer, inside))
    assert (around == pixel[:, np.newaxis]).all()
    assert (parents(finer, inside.ravel(), nside) == around.ravel()).all()


def test_stages_too_far_apart_are_refused_and_not_cut_into_pieces(map_of):
    """A file of two pixels could fill any memory otherwise."""
    skymap = map_of({1: {0: 1.0}, 2**20: {0: 1.0, 12 * 4**20 - 1: 2.0}})
    with pytest.raises(ResultError, match="nside-1048576 is too fine beside nside-1"):
        cells_of(skymap)


@given(seeds, st.sampled_from(PROGRESSIONS))
def test_the_llh_at_a_pixel_is_that_of_the_cell_around_it(map_of, seed, nsides):
    """And the pixels in cells are those that have one."""
    cells = cells_of(map_of(scanned(np.random.default_rng(seed), nsides)))
    wanted = painted(cells, 16)
    np.testing.assert_array_equal(llh_at(cells, 16, np.arange(12 * 16**2)), wanted)
    assert np.array_equal(pixels_in(cells, 16), np.flatnonzero(np.isfinite(wanted)))


@given(seeds, st.sampled_from([1, 2, 4, 8]))
def test_finer_cells_become_one_of_their_mean_llh_by_area(map_of, seed, nside):
    cells = cells_of(map_of(scanned(np.random.default_rng(seed), (1, 4, 8, 16))))
    found = coarsened(cells, nside)
    kept = cells.select(cells.nside < nside)
    assert found.nside.max(initial=0) <= nside
    assert [part[: len(kept.llh)].tolist() for part in found] == [part.tolist() for part in kept]
    fine = painted(cells, 16)
    for size, pixel, llh in zip(*(part.tolist() for part in found), strict=True):
        inside = fine[children(size, [pixel], 16)[0]]
        assert llh == pytest.approx(np.nanmean(inside))


def test_of_no_cells_there_are_no_pixels():
    nothing = Cells(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    assert len(pixels_in(nothing, 8)) == len(coarsened(nothing, 8).llh) == 0
    assert np.isnan(llh_at(nothing, 8, np.arange(5))).all()
