"""The whole sphere in cells: each place is in one, nothing is lost, and the density is that of the map's cells."""

import math

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.skymap.cells import cells_of
from skydriver.skymap.multiorder import of_cells, of_posterior, published
from skydriver.skymap.posterior import Posterior, posterior

PROGRESSIONS = [(1,), (1, 2), (2, 4, 8), (1, 4, 16), (8,), (1, 2, 4, 8)]
seeds = st.integers(0, 2**32)
maps = st.tuples(st.sampled_from(PROGRESSIONS), seeds, st.sampled_from([0.0, 0.3, 0.9]), st.booleans())


def some_stages(nsides, seed, gaps, whole):
    """Any pixels of each nside, all of the first if `whole`; NaN for a share of them, and many values are equal."""
    dice = np.random.default_rng(seed)
    stages = {}
    for nside in nsides:
        n = 12 * nside**2
        size = n if whole and nside == nsides[0] else dice.integers(1, min(n, 40), endpoint=True)
        llh = np.where(dice.uniform(size=size) < gaps, math.nan, dice.integers(0, 4, size) / 1.0)
        stages[nside] = dict(zip(dice.choice(n, size, replace=False).tolist(), llh.tolist(), strict=True))
    stages[nsides[0]] |= {0: 1.0}  # a map has a value
    return stages


def slow_density(stages):
    """Probability of each NESTED pixel of the finest nside, asking the stages for each place, one after the other."""
    finest = max(stages)
    weight = np.zeros(12 * finest**2)
    at = healpy.pix2vec(finest, np.arange(len(weight)), nest=True)
    for nside in sorted(stages):
        for k, pixel in enumerate(healpy.vec2pix(nside, *at).tolist()):
            llh = stages[nside].get(pixel, math.nan)
            weight[k] = weight[k] if math.isnan(llh) else math.exp(-llh)
    return weight / weight.sum()


def covered(sky, nside):
    """How many cells each NESTED pixel of the finest nside lies in."""
    count = np.zeros(12 * nside**2, int)
    for size, pixel in zip(sky.nside.tolist(), sky.pixel.tolist(), strict=True):
        ratio = (nside // size) ** 2
        count[pixel * ratio : (pixel + 1) * ratio] += 1
    return count


def assert_whole(sky, nside):
    assert (covered(sky, nside) == 1).all()
    assert math.fsum(sky.density_per_sr * math.pi / (3.0 * sky.nside**2)) == pytest.approx(1.0, abs=1e-12)
    assert math.fsum(sky.probability) == pytest.approx(1.0, abs=1e-12)
    assert (sky.density_per_sr >= 0.0).all()
    assert (np.diff(sky.uniq) > 0).all()


@settings(deadline=None, max_examples=60)
@given(maps)
def test_cells_cover_the_sphere_once_with_the_maps_density(map_of, which):
    stages = some_stages(*which)
    sky = of_cells(cells_of(map_of(stages)))
    finest = max(stages)
    assert_whole(sky, finest)
    np.testing.assert_allclose(sky.flat(finest, nested=True), slow_density(stages), rtol=1e-12, atol=0.0)


@settings(deadline=None, max_examples=60)
@given(maps)
def test_there_are_as_few_cells_as_can_be(map_of, which):
    """No four siblings have the same density, so neither is an empty place split for nothing."""
    sky = of_cells(cells_of(map_of(some_stages(*which))))
    families = {}
    for size, pixel, density in zip(sky.nside.tolist(), sky.pixel.tolist(), sky.density_per_sr, strict=True):
        families.setdefault((size, pixel // 4), []).append(density)
    for (size, _), densities in families.items():
        assert size == 1 or len(densities) < 4 or len(set(densities)) > 1


@settings(deadline=None, max_examples=40)
@given(maps, st.sampled_from([1, 2, 4, 8, 16, 32]), st.booleans())
def test_flat_adds_what_is_finer_and_splits_what_is_coarser(map_of, which, nside, nested):
    stages = some_stages(*which)
    flat = of_cells(cells_of(map_of(stages))).flat(nside, nested=nested)
    order = {True: "NESTED", False: "RING"}[nested]
    wanted = healpy.ud_grade(slow_density(stages), nside, power=-2, order_in="NESTED", order_out=order)
    np.testing.assert_allclose(flat, wanted, rtol=1e-12, atol=1e-300)
    assert math.fsum(flat) == pytest.approx(1.0, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(seeds, st.sampled_from([1, 2, 8, 16]))
def test_a_posterior_is_its_pixels_and_nothing_outside(seed, nside):
    dice = np.random.default_rng(seed)
    pixel = np.sort(dice.choice(12 * nside**2, dice.integers(1, 12 * nside**2, endpoint=True), replace=False))
    probability = dice.gamma(0.5, 1.0, len(pixel))
    sky = of_posterior(Posterior(nside, pixel, probability / probability.sum()))
    assert_whole(sky, nside)
    wanted = np.zeros(12 * nside**2)
    wanted[pixel] = probability / probability.sum()
    np.testing.assert_allclose(sky.flat(nside), wanted, rtol=1e-12, atol=0.0)


def test_one_small_cell_leaves_three_siblings_at_each_level():
    """And eleven of the largest."""
    sky = of_posterior(Posterior(1024, np.array([healpy.ang2pix(1024, 33.0, 44.0, lonlat=True)]), np.ones(1)))
    sizes = dict(zip(*(part.tolist() for part in np.unique(sky.nside, return_counts=True)), strict=True))
    assert sizes == {1: 11} | {2**k: 3 for k in range(1, 10)} | {1024: 4}
    assert (sky.density_per_sr > 0.0).sum() == 1


def test_the_finest_pixels_there_are(map_of):
    last = 12 * 2**58 - 1
    sky = of_cells(cells_of(map_of({2**29: {last: 1.0, 0: 2.0}})))
    assert math.fsum(sky.probability) == pytest.approx(1.0, abs=1e-12)
    assert (np.diff(sky.uniq) > 0).all()
    assert math.fsum(math.pi / (3.0 * sky.nside.astype(float) ** 2)) == pytest.approx(4.0 * math.pi, rel=1e-15)


def test_what_is_published_has_the_floor_in_it_if_there_is_one(map_of, publication_of):
    skymap = map_of({8: dict.fromkeys(range(100, 110), 3.0)})
    for publication, wanted in [
        (publication_of(skymap, 5.0), of_posterior(posterior(cells_of(skymap), 5.0))),
        (publication_of(skymap, None), of_cells(cells_of(skymap))),
    ]:
        for found, part in zip(published(publication), wanted, strict=True):
            np.testing.assert_array_equal(found, part)
