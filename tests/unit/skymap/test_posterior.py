"""The posterior against Gaussians on paper, against draws by chance, and the laws of its regions."""

import math
from itertools import pairwise

import healpy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.scan.pixels import children
from skydriver.skymap import posterior as module
from skydriver.skymap.cells import Cells
from skydriver.skymap.posterior import Posterior, level_at, posterior, probabilities, region

SKY_DEG2 = 4.0 * math.pi * math.degrees(1.0) ** 2
PLACES = [(0.0, 90.0), (0.0, -90.0), (0.0, 0.0), (359.99, 41.8), (123.4, -29.0)]
seeds = st.integers(0, 2**32)


def gaussian_area_deg2(sigma_deg, level):
    """Of the disc that holds a share of a Gaussian in two dimensions."""
    return -2.0 * math.pi * sigma_deg**2 * math.log(1.0 - level)


def pixel_at(nside, place):
    return int(healpy.ang2pix(nside, *place, lonlat=True))


def one_cell(place, nside=4096):
    return Cells(np.array([nside]), np.array([pixel_at(nside, place)]), np.array([7.0]))


def sky_of(nside, place, width_deg):
    """The whole sky in cells, their llh that of a Gaussian around a place."""
    pixel = np.arange(12 * nside**2)
    at, centre = np.array(healpy.pix2vec(nside, pixel)), healpy.ang2vec(*place, lonlat=True)
    away_deg = np.degrees(np.arccos(np.clip(centre @ at, -1.0, 1.0)))
    return Cells(np.full(len(pixel), nside), pixel, 0.5 * (away_deg / width_deg) ** 2)


def mixed_cells(seed, nsides=(4, 8, 32), n_first=2):
    """Cells of several sizes, of pixels of the first nside of which three, and then again three, were refined."""
    dice = np.random.default_rng(seed)
    cells, pixel = [], dice.choice(12 * nsides[0] ** 2, n_first, replace=False)
    for nside, finer in pairwise(nsides):
        refined = dice.permutation(len(pixel)) < 3
        cells.append((nside, pixel[~refined]))
        pixel = children(nside, pixel[refined], finer).ravel()
    cells.append((nsides[-1], pixel))
    size = np.concatenate([np.full(len(pixel), nside) for nside, pixel in cells])
    pixel = np.concatenate([pixel for _, pixel in cells])
    return Cells(size, pixel, dice.gamma(1.0, 3.0, len(pixel)))


def some_posterior(seed, n=40, *, ties=False):
    dice = np.random.default_rng(seed)
    pixel = np.sort(dice.choice(12 * 4**2, n, replace=False))
    weight = dice.integers(1, 4, n) / 1.0 if ties else dice.gamma(0.5, 1.0, n)
    return Posterior(4, pixel, weight / weight.sum())


def drawn(cells, sigma_deg, n, seed):
    """Unit vectors (n, 3): a cell by its probability, a place in it, and an offset from there."""
    dice = np.random.default_rng(seed)
    weight = np.exp(-cells.llh) / cells.nside**2
    which = dice.choice(len(weight), n, p=weight / weight.sum())
    order = (4096 // cells.nside[which]) ** 2
    nested = np.array([healpy.ring2nest(int(cells.nside[k]), int(cells.pixel[k])) for k in which])
    place = np.array(healpy.pix2vec(4096, nested * order + dice.integers(order), nest=True)).T
    across = np.cross(place, dice.normal(size=(n, 3)))
    across /= np.linalg.norm(across, axis=1)[:, np.newaxis]
    angle = np.radians(sigma_deg) * dice.rayleigh(size=n)[:, np.newaxis]
    return np.cos(angle) * place + np.sin(angle) * across


@pytest.mark.parametrize("sigma_deg", [0.05, 0.2, 0.8, 3.0, 20.0, 90.0])
@pytest.mark.parametrize("place", PLACES)
def test_a_point_becomes_a_gaussian(place, sigma_deg):
    """On the sphere: the law of von Mises and Fisher."""
    found = posterior(one_cell(place, 2**18), sigma_deg)
    assert healpy.nside2resol(found.nside) <= math.radians(sigma_deg) / 6.0
    square = math.radians(sigma_deg) ** 2
    for level in (0.5, 0.9, 0.99):
        height = -square * math.log1p(level * math.expm1(-2.0 / square))
        assert region(found, level).area_deg2 == pytest.approx(height * SKY_DEG2 / 2.0, rel=0.005)


@pytest.mark.parametrize("fine", [1, 2, 32])
def test_a_point_stays_where_it_is_in_pixels_that_are_wider(fine):
    """So that a region's errors are to both sides alike."""
    place = healpy.pix2ang(512 * fine, pixel_at(512 * fine, (123.4, -29.0)), lonlat=True)
    found = posterior(one_cell(place, 512 * fine), 1.0)
    mean = healpy.pix2vec(found.nside, found.pixel) @ found.probability
    away_deg = np.degrees(healpy.rotator.angdist(mean, healpy.ang2vec(*place, lonlat=True)))
    assert found.nside == 512
    assert away_deg == pytest.approx(0.0, abs=0.001)


@pytest.mark.parametrize("place", PLACES)
def test_the_level_of_a_place_is_that_of_its_distance(place):
    """In one pixel's width of the distance."""
    nside = 512
    found = posterior(one_cell(place, nside), 1.0)
    assert found.nside == nside
    centre = healpy.pix2vec(nside, pixel_at(nside, place))
    away_deg = np.degrees(healpy.rotator.angdist(centre, healpy.pix2vec(nside, found.pixel)))
    for k in np.random.default_rng(1).choice(len(found.pixel), 30):
        level = level_at(found, *healpy.pix2ang(nside, int(found.pixel[k]), lonlat=True))
        low, high = (1.0 - math.exp(-0.5 * max(0.0, away_deg[k] + step) ** 2) for step in (-0.115, 0.115))
        assert low - 1e-9 <= level <= high + 1e-9


@pytest.mark.parametrize(("width_deg", "sigma_deg"), [(3.0, 3.0), (4.0, 2.0), (2.5, 4.0)])
@pytest.mark.parametrize("place", [(0.0, 90.0), (359.99, 10.0)])
def test_widths_add_in_squares(place, width_deg, sigma_deg):
    found = posterior(sky_of(64, place, width_deg), sigma_deg)
    both = math.hypot(width_deg, sigma_deg)
    for level in (0.5, 0.9):
        assert region(found, level).area_deg2 == pytest.approx(gaussian_area_deg2(both, level), rel=0.03)


@settings(deadline=None, max_examples=4)
@given(seeds, st.sampled_from([2.0, 8.0]))
def test_regions_hold_their_share_of_places_drawn_by_chance(seed, sigma_deg):
    """To four standard deviations, and to what a pixel holds."""
    cells = mixed_cells(seed)
    found = posterior(cells, sigma_deg)
    pixel = healpy.vec2pix(found.nside, *drawn(cells, sigma_deg, n := 5000, seed).T)
    for level in (0.2, 0.5, 0.9):
        share = np.isin(pixel, region(found, level).pixel).mean()
        assert share == pytest.approx(level, abs=4.0 * math.sqrt(level * (1.0 - level) / n) + 0.005)
    where = np.bincount(healpy.vec2pix(2, *healpy.pix2vec(found.nside, found.pixel)), found.probability, 48)
    counts = np.bincount(healpy.vec2pix(2, *healpy.pix2vec(found.nside, pixel)), minlength=48)
    assert (np.abs(counts - n * where) <= 5.0 * np.sqrt(n * where) + 5.0).all()


def test_it_is_the_sum_of_all_cells_gaussians():
    """By brute force: every pixel of the posterior looks at every small piece of every cell."""
    cells, sigma_deg = mixed_cells(3), 4.0
    found = posterior(cells, sigma_deg)
    to = np.array(healpy.pix2vec(found.nside, found.pixel))
    density = np.zeros(len(found.pixel))
    for size, pixel, weight in zip(cells.nside.tolist(), cells.pixel, probabilities(cells), strict=True):
        pieces = children(size, np.array([pixel]), 64)[0]
        angle = np.degrees(np.arccos(np.clip(np.transpose(healpy.pix2vec(64, pieces)) @ to, -1.0, 1.0)))
        density += weight / len(pieces) * np.exp(-0.5 * (angle / sigma_deg) ** 2).sum(axis=0)
    density /= density.sum()
    np.testing.assert_allclose(found.probability, density, rtol=0.02, atol=0.002 * density.max())


@settings(deadline=None, max_examples=5)
@given(seeds, st.sampled_from([0.5, 3.0, 30.0]))
def test_it_is_a_distribution(seed, sigma_deg):
    found = posterior(mixed_cells(seed), sigma_deg)
    assert found.probability.sum() == pytest.approx(1.0, rel=1e-12)
    assert (found.probability >= 0.0).all()
    assert (np.diff(found.pixel) > 0).all()
    assert 0 <= found.pixel[0] <= found.pixel[-1] < 12 * found.nside**2


@settings(deadline=None, max_examples=3)
@given(seeds, st.floats(-1e4, 1e4))
def test_a_constant_in_the_llh_changes_nothing(seed, constant):
    cells = mixed_cells(seed)
    here, there = (posterior(c, 5.0) for c in (cells, cells._replace(llh=cells.llh + constant)))
    assert here.nside == there.nside
    np.testing.assert_allclose(here.probability, there.probability, rtol=1e-8, atol=1e-15)


def test_a_cell_counts_by_its_solid_angle():
    cells = Cells(np.array([1, 2, 2]), np.array([0, 47, 46]), np.array([5.0, 5.0, 5.0 + math.log(2.0)]))
    assert probabilities(cells) == pytest.approx(np.array([8.0, 2.0, 1.0]) / 11.0, rel=1e-12)


@settings(deadline=None, max_examples=3)
@given(seeds, st.sampled_from([0.1, 1.0, 10.0]))
def test_of_a_flat_sky_every_region_holds_its_share(seed, sigma_deg):
    """Whatever the sizes of its cells: the prior is uniform."""
    cells = mixed_cells(seed, n_first=192)
    found = posterior(cells._replace(llh=np.full(len(cells.llh), 1e5)), sigma_deg)
    for level in (0.1, 0.5, 0.9):
        wanted = level * SKY_DEG2
        assert region(found, level).area_deg2 == pytest.approx(wanted, rel=0.01, abs=found.pixel_area_deg2)


def test_both_of_two_islands_are_in_the_region():
    places = [(10.0, 0.0), (200.0, -60.0)]
    cells = Cells(np.full(2, 512), np.array(sorted(pixel_at(512, place) for place in places)), np.array([0.0, 0.3]))
    found = posterior(cells, 0.8)
    held = region(found, 0.9).pixel
    assert all(pixel_at(found.nside, place) in held for place in places)
    assert all(level_at(found, *place) < 0.9 for place in places)
    assert level_at(found, 105.0, -30.0) == 1.0
    assert region(found, 0.9).area_deg2 == pytest.approx(2.0 * gaussian_area_deg2(0.8, 0.9), rel=0.05)


def test_an_unlikely_island_is_not():
    cells = Cells(np.full(2, 512), np.array([1_000_000, 2_000_000]), np.array([0.0, 9.0]))
    found = posterior(cells, 0.8)
    there = healpy.pix2ang(512, 2_000_000, lonlat=True)
    assert 0.99 < level_at(found, *there) <= 1.0
    assert pixel_at(found.nside, there) not in region(found, 0.9).pixel


@given(seeds, st.booleans(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_regions_are_nested_hold_their_level_and_are_no_larger_than_they_must(seed, ties, one, other):
    found = some_posterior(seed, ties=ties)
    small, large = (region(found, level) for level in sorted((one, other)))
    assert set(small.pixel.tolist()) <= set(large.pixel.tolist())
    for part in (small, large):
        held = found.probability[np.isin(found.pixel, part.pixel)]
        outside = found.probability[~np.isin(found.pixel, part.pixel)]
        assert held.sum() >= part.level - 1e-9
        assert held.sum() - held.min() < part.level + 1e-9
        assert held.min() >= outside.max(initial=0.0)
        share = 1.0 - max(0.0, held.sum() - part.level) / held.min()
        assert part.area_deg2 == pytest.approx((len(held) - 1 + share) * SKY_DEG2 / 192)
        assert (np.diff(part.pixel) > 0).all()


@given(seeds, st.booleans())
def test_the_level_of_a_place_is_what_is_at_least_as_probable(seed, ties):
    found = some_posterior(seed, ties=ties)
    levels = {}
    for pixel, probability in zip(found.pixel.tolist(), found.probability, strict=True):
        levels[pixel] = level_at(found, *healpy.pix2ang(4, pixel, lonlat=True))
        wanted = sum(other for other in found.probability if other >= probability)
        assert levels[pixel] == pytest.approx(min(1.0, wanted), rel=1e-12)
        assert pixel in region(found, levels[pixel]).pixel
    assert levels[int(found.pixel[found.probability.argmax()])] == min(levels.values())


def test_outside_the_posterior_the_level_is_one():
    found = Posterior(4, np.array([5, 70]), np.array([0.5, 0.5]))
    levels = [level_at(found, *healpy.pix2ang(4, pixel, lonlat=True)) for pixel in range(192)]
    assert levels == [1.0] * 192
    lonely = Posterior(4, np.array([5, 70]), np.array([0.25, 0.75]))
    assert [level_at(lonely, *healpy.pix2ang(4, p, lonlat=True)) for p in (4, 5, 70, 191)] == [1.0, 1.0, 0.75, 1.0]


@pytest.mark.parametrize("sigma_deg", [0.05, 0.8, 45.0])
@pytest.mark.parametrize("spread_deg", [0.3, 10.0, 1e4])
def test_work_is_bounded(monkeypatch, sigma_deg, spread_deg):
    """And nothing is lost where pixels are made coarser for it."""
    products = []
    spread = module._spread

    def counted(source, to, sigma):
        products.append(len(source.mass) * len(to))
        return spread(source, to, sigma)

    monkeypatch.setattr(module, "MAX_PRODUCTS", 2e6)
    monkeypatch.setattr(module, "_spread", counted)
    found = posterior(sky_of(64, (30.0, 60.0), spread_deg), sigma_deg)
    assert len(products) == 1
    assert products[0] <= 2e6
    assert found.probability.sum() == pytest.approx(1.0, rel=1e-12)


def test_islands_all_over_the_sky_are_no_more_work(monkeypatch):
    monkeypatch.setattr(module, "MAX_PRODUCTS", 2e6)
    pixel = np.random.default_rng(4).choice(12 * 512**2, 500, replace=False)
    found = posterior(Cells(np.full(500, 512), np.sort(pixel), np.zeros(500)), 0.4)
    assert 500 * len(found.pixel) <= module.MAX_PRODUCTS
    assert np.isin(healpy.vec2pix(found.nside, *healpy.pix2vec(512, pixel)), found.pixel).all()
