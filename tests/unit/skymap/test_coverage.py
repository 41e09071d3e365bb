"""Whether stages cover the sky and one another, and how much regions of pixels of any size have in common."""

import hpgeom
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.scan.pixels import children
from skydriver.skymap.cells import Cells, cells_of
from skydriver.skymap.columns import rows_from
from skydriver.skymap.coverage import covers_sky, refines_whole_pixels, without_ancestor
from skydriver.skymap.overlap import overlap
from skydriver.skymap.skymap import EventIdentity, SkyMap

IDENTITY = EventIdentity(1, 2, "", 6e4, is_real_event=False)
seeds = st.integers(0, 2**32)


def cells(*parts: tuple):
    """Cells from (nside, pixels)."""
    nside = np.concatenate([np.full(len(pixel), nside, np.int64) for nside, pixel in parts])
    pixel = np.concatenate([np.asarray(pixel, np.int64) for _, pixel in parts])
    return Cells(nside, pixel, np.zeros(len(pixel)))


def random_cells(rng):
    """Cells of a random map of up to three nsides, each of them kept or not by chance."""
    coarse = rng.permutation(12)[: rng.integers(1, 13)]
    middle = children(1, coarse[: rng.integers(1, 4)], 2).ravel()
    fine = children(2, middle[: rng.integers(1, 4)], 8).ravel()
    stages = {1: coarse, 2: middle, 8: fine}
    rows = {nside: rows_from([(int(i), rng.normal(), *[0.0] * 6) for i in pixel]) for nside, pixel in stages.items()}
    found = cells_of(SkyMap(rows, dict.fromkeys(rows, True), IDENTITY, None))
    kept = rng.random(len(found.pixel)) < rng.uniform(0.2, 1)
    kept[rng.integers(len(kept))] = True
    return found.select(kept)


def smallest(found, nside=16):
    """All pixels of nside 16 inside cells: the slow way to areas."""
    inside = [children(int(n), [p], nside).ravel() for n, p in zip(found.nside, found.pixel, strict=True)]
    return set(np.concatenate(inside).tolist())


@given(seeds)
def test_the_overlap_is_that_of_the_smallest_pixels(seed):
    rng = np.random.default_rng(seed)
    first, second = random_cells(rng), random_cells(rng)
    a, b = smallest(first), smallest(second)
    assert overlap(first, second) == len(a & b) / len(a | b)
    assert overlap(first, second) == overlap(second, first)
    assert overlap(first, first) == 1.0


@given(st.sampled_from([1, 2, 64]), seeds)
def test_a_pixel_and_its_children_are_the_same(nside, seed):
    pixel = int(np.random.default_rng(seed).integers(12 * nside**2))
    fine = children(nside, [pixel], 4 * nside).ravel()
    assert overlap(cells((nside, [pixel])), cells((4 * nside, fine))) == 1.0
    assert overlap(cells((nside, [pixel])), cells((4 * nside, fine[:4]))) == 0.25
    mixed = cells((nside, [pixel]), (4 * nside, children(nside, [(pixel + 1) % (12 * nside**2)], 4 * nside)[0, :8]))
    assert overlap(cells((nside, [pixel])), mixed) == pytest.approx(1 / 1.5)


def test_what_does_not_touch_has_nothing_in_common():
    north, south = (hpgeom.query_circle(64, 0.0, dec, 5.0, nest=False) for dec in (80.0, -80.0))
    assert overlap(cells((64, north)), cells((64, south))) == 0.0


def test_the_finest_pixels_are_counted_exactly():
    first, second = cells((1, range(12))), cells((2**29, [7]))
    assert overlap(first, second) == 1 / (12 * 4**29)


def test_overlap_of_discs_is_that_of_spherical_caps():
    """Caps of 10 and 20 degrees around one place: the areas are as 1 - cos."""
    small, large = (cells((256, hpgeom.query_circle(256, 10.0, 5.0, radius, nest=False))) for radius in (10.0, 20.0))
    areas = 1 - np.cos(np.radians([10.0, 20.0]))
    edge = 2 * np.sin(np.radians(10.0)) * hpgeom.max_pixel_radius(256, degrees=False) / areas[1]
    assert overlap(small, large) == pytest.approx(areas[0] / areas[1], abs=edge)


@pytest.mark.parametrize("nside", [1, 8])
def test_a_stage_covers_the_sky_if_no_pixel_is_missing(nside):
    pixel = np.arange(12 * nside**2)
    assert covers_sky(nside, pixel)
    assert not covers_sky(nside, pixel[1:])


@given(seeds, st.sampled_from([(1, 2), (2, 8), (8, 64)]))
def test_whole_pixels_are_refined_if_no_child_is_missing(seed, nsides):
    coarse, fine = nsides
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(12 * coarse**2)[: rng.integers(1, 6)]
    pixel = rng.permutation(children(coarse, chosen, fine).ravel())
    assert refines_whole_pixels(fine, pixel, coarse)
    assert not refines_whole_pixels(fine, pixel[1:], coarse)
    assert without_ancestor(fine, pixel, coarse, chosen).size == 0
    lost = without_ancestor(fine, pixel, coarse, chosen[1:])
    assert sorted(lost) == children(coarse, chosen[:1], fine).ravel().tolist()
