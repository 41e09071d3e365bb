"""HEALPix pixels against healpy."""

import healpy
import numpy as np
import pytest

from skydriver.scan import pixels

NSIDES = [1, 2, 8, 64, 512]


def some_pixels(nside):
    """All pixels of a small sky, and of a large one the poles, the equator and a random choice."""
    total = healpy.nside2npix(nside)
    if total <= 768:
        return np.arange(total)
    chosen = np.random.default_rng(nside).integers(0, total, 500)
    return np.unique(np.concatenate([np.arange(20), total // 2 + np.arange(20), total - 1 - np.arange(20), chosen]))


@pytest.mark.parametrize("nside", NSIDES)
def test_centres_are_healpys(nside):
    chosen = some_pixels(nside)
    ra, dec = pixels.centres(nside, chosen)
    theta, phi = healpy.pix2ang(nside, chosen)
    np.testing.assert_allclose(ra, phi, rtol=0, atol=1e-14)
    np.testing.assert_allclose(dec, np.pi / 2 - theta, rtol=0, atol=1e-14)
    assert np.all((ra >= 0) & (ra < 2 * np.pi))


@pytest.mark.parametrize("nside", NSIDES)
def test_neighbours_are_healpys(nside):
    chosen = some_pixels(nside)
    ours, theirs = pixels.neighbours(nside, chosen), healpy.get_all_neighbours(nside, chosen).T
    np.testing.assert_array_equal(np.sort(ours, axis=1), np.sort(theirs, axis=1))


@pytest.mark.parametrize("nside", [1, 2, 4, 8, 16])
def test_being_neighbours_is_mutual_and_never_with_oneself(nside):
    table = pixels.neighbours(nside, np.arange(12 * nside**2))
    pairs = {(a, b) for a, row in enumerate(table.tolist()) for b in row if b != pixels.MISSING}
    assert pairs == {(b, a) for a, b in pairs}
    assert all(a != b for a, b in pairs)


@pytest.mark.parametrize(("nside", "child_nside"), [(1, 2), (1, 16), (2, 4), (8, 64)])
def test_children_partition_their_parents(nside, child_nside):
    rows = pixels.children(nside, np.arange(12 * nside**2), child_nside)
    assert rows.shape == (12 * nside**2, (child_nside // nside) ** 2)
    np.testing.assert_array_equal(np.sort(rows.ravel()), np.arange(12 * child_nside**2))
    assert np.all(np.diff(rows, axis=1) > 0)
    for parent, row in enumerate(rows):
        np.testing.assert_array_equal(pixels.parents(child_nside, row, nside), parent)


def test_children_lie_within_their_parent():
    rows = pixels.children(64, some_pixels(64), 512)
    theta, phi = healpy.pix2ang(512, rows)
    np.testing.assert_array_equal(healpy.ang2pix(64, theta, phi), np.repeat(some_pixels(64)[:, None], 64, axis=1))


def test_no_pixels_have_no_children():
    assert pixels.children(8, [], 64).shape == (0, 64)
