"""Our FITS files as others read them: healpy, ligo.skymap, mhealpy, mocpy and skyreader find in them what we put there.

Regions are equal pixel by pixel: all pixels above the least probable one of ours are the other's, and so are as many of
those that are exactly as probable as it; which of those is a matter of taste.
"""

import math
from itertools import pairwise

import healpy
import hpgeom
import numpy as np
import pytest

from skydriver.scan.pixels import children
from skydriver.skymap.cells import cells_of
from skydriver.skymap.fits_flat import to_flat_fits
from skydriver.skymap.fits_moc import to_moc_fits
from skydriver.skymap.fits_multiorder import to_multiorder_fits
from skydriver.skymap.multiorder import published
from skydriver.skymap.npz_format import to_npz
from skydriver.skymap.posterior import Posterior, region

SQUARE_DEG = math.degrees(1.0) ** 2
PLACES = {"pole": (33.0, 89.0), "across RA 0": (359.9, -29.5), "anywhere": (123.4, 12.3)}
LEVELS = (0.5, 0.9)


def scan_around(place, nsides=(8, 64), width_deg=2.0, seed=1):
    """Stages of a scan whose llh is bumpy around a place, so that no two pixels have the same; some values are NaN."""
    dice = np.random.default_rng(seed)
    stages, pixel = {}, np.arange(12 * nsides[0] ** 2)
    for nside, finer in pairwise((*nsides, 2 * nsides[-1])):
        away = healpy.rotator.angdist(healpy.ang2vec(*place, lonlat=True), np.array(healpy.pix2vec(nside, pixel)))
        llh = 5000.0 + 0.5 * (np.degrees(away) / width_deg) ** 2 + dice.gamma(1.0, 0.5, len(pixel))
        best = np.argsort(llh)
        llh[best[5::7]] = math.nan
        stages[nside] = dict(zip(pixel.tolist(), llh.tolist(), strict=True))
        pixel = children(nside, pixel[best[:24]], finer).ravel()
    return stages


@pytest.fixture(scope="module", params=PLACES)
def place(request):
    return request.param


@pytest.fixture(scope="module")
def skymap(place, map_of, provenance):
    return map_of(scan_around(PLACES[place]), provenance)


@pytest.fixture(scope="module")
def publication(place, skymap, publication_of):
    """With a floor, or, of one place, statistical only."""
    return publication_of(skymap, None if place == "across RA 0" else 2.0)


@pytest.fixture(scope="module")
def found(publication):
    """The posterior published, in pixels of one size."""
    sky = published(publication)
    nside = int(sky.nside.max())
    return Posterior(nside, np.arange(12 * nside**2), sky.flat(nside))


@pytest.fixture(scope="module")
def multiorder(publication, tmp_path_factory):
    path = tmp_path_factory.mktemp("fits") / "map.multiorder.fits"
    path.write_bytes(to_multiorder_fits(publication))
    return path


@pytest.fixture(scope="module")
def flat(publication, tmp_path_factory):
    path = tmp_path_factory.mktemp("fits") / "map.fits.gz"
    path.write_bytes(to_flat_fits(publication))
    return path


def assert_same_region(pixels, found, level):
    """`pixels` are the region of a level, but for which of equally probable ones are in it."""
    ours = region(found, level).pixel
    probability = dict(zip(found.pixel.tolist(), found.probability.tolist(), strict=True))
    edge = min(probability[pixel] for pixel in ours.tolist())
    sets = [set(map(int, each)) for each in (ours, pixels)]
    above = [{pixel for pixel in each if probability[pixel] > edge} for each in sets]
    assert above[0] == above[1]
    assert len(sets[0]) == len(sets[1])
    assert min(probability[pixel] for pixel in sets[1]) == edge


def by_levels(levels, probability, level):
    """Pixels of which those more probable hold less than a level."""
    return np.flatnonzero(levels - probability < level * (1.0 - 1e-12))


def test_healpy_reads_the_probability(flat, found):
    probability = healpy.read_map(flat, field=0)
    assert healpy.get_nside(probability) == found.nside
    np.testing.assert_array_equal(probability, found.probability)
    assert probability.sum() == pytest.approx(1.0, abs=1e-12)
    assert healpy.read_map(flat).argmax() == found.pixel[found.probability.argmax()]


def test_healpy_reads_2_delta_llh_and_what_is_not_known(flat, publication, skymap):
    twice = healpy.read_map(flat, field=1)
    nside, best = healpy.get_nside(twice), publication.best
    lowest = twice[~healpy.mask_bad(twice)].min()
    assert lowest == 0.0
    parent = healpy.vec2pix(nside, *healpy.pix2vec(best.nside, best.pixel))
    assert twice[parent] == 0.0
    for k in np.random.default_rng(2).integers(0, len(twice), 2000).tolist():
        wanted = math.nan
        for stage, rows in skymap.stages.items():
            there = rows["llh"][rows["index"] == healpy.vec2pix(stage, *healpy.pix2vec(nside, k))]
            if len(there) and not np.isnan(there[0]):
                wanted = 2.0 * (there[0] - best.llh)
        assert healpy.mask_bad(twice)[k] == math.isnan(wanted)
        assert math.isnan(wanted) or twice[k] == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_nested_order_is_the_same_map(publication, flat, tmp_path):
    nested = tmp_path / "nested.fits.gz"
    nested.write_bytes(to_flat_fits(publication, nested=True))
    for field in (0, 1):
        ring = healpy.read_map(flat, field=field)
        np.testing.assert_array_equal(healpy.read_map(nested, field=field), ring)
        stored = healpy.read_map(nested, field=field, nest=None)
        np.testing.assert_array_equal(stored, healpy.reorder(ring, r2n=True))


@pytest.mark.parametrize("nside", [1, 2, 16, 256])
def test_another_nside_is_the_same_posterior(publication, found, nside, tmp_path):
    path = tmp_path / "other.fits.gz"
    path.write_bytes(to_flat_fits(publication, nside=nside))
    probability = healpy.read_map(path)
    np.testing.assert_allclose(
        probability, healpy.ud_grade(found.probability, nside, power=-2), rtol=1e-10, atol=1e-300
    )
    twice = healpy.read_map(path, field=1)
    assert twice[~healpy.mask_bad(twice)].min() == 0.0


@pytest.mark.parametrize("level", LEVELS)
def test_ligo_skymap_finds_the_same_regions(ligo, flat, multiorder, found, level):
    read, levels_of, _ = ligo
    probability, meta = read(flat)
    assert meta["nest"] is False
    assert_same_region(by_levels(levels_of(probability), probability, level), found, level)
    raster, _ = read(multiorder)  # it always gives RING
    assert healpy.get_nside(raster) == found.nside
    np.testing.assert_allclose(raster, found.probability, rtol=1e-14, atol=0.0)
    levels = levels_of(raster, found.probability)
    assert_same_region(by_levels(levels, raster, level), found, level)


def test_ligo_skymap_reads_the_multi_order_file(ligo, multiorder, found, publication):
    read, _, crossmatch = ligo
    table = read(multiorder, moc=True)
    nside = 2.0 ** (np.log2(table["UNIQ"] / 4.0) // 2)
    assert (table["PROBDENSITY"].value * math.pi / (3.0 * nside**2)).sum() == pytest.approx(1.0, abs=1e-12)
    assert str(table["PROBDENSITY"].unit) == "1 / sr"
    statistics = crossmatch(table, contours=LEVELS)
    for level, area in zip(LEVELS, statistics.contour_areas, strict=True):
        wanted = region(found, level).area_deg2
        assert area == pytest.approx(wanted, rel=0.005, abs=found.pixel_area_deg2)
    gps_of_2017 = 1167264018.0  # 2017-01-01, MJD 57754; there was no leap second since
    assert table.meta["gps_time"] == pytest.approx(gps_of_2017 + (publication.skymap.event.mjd - 57754.0) * 86400.0)


def test_mhealpy_finds_a_whole_sphere_with_the_same_best_pixel(multiorder, flat, found):
    import mhealpy

    sky = mhealpy.HealpixMap.read_map(multiorder)
    assert sky.is_mesh_valid()
    assert sky.density()
    assert (sky.data * sky.pixarea(range(sky.npix)).value).sum() == pytest.approx(1.0, abs=1e-12)
    nside, nested = mhealpy.uniq2nest(sky.uniq[np.argmax(sky.data)])
    inside = children(int(nside), [healpy.nest2ring(nside, nested)], found.nside)[0]
    assert found.pixel[found.probability.argmax()] in inside
    read = mhealpy.HealpixMap.read_map(flat)
    assert not read.density()
    np.testing.assert_array_equal(np.asarray(read.data), found.probability)


def assert_area_of_whole_pixels(moc, nside, area_deg2):
    """A coverage map has the last pixel of a region whole, of which the region's area counts a share."""
    pixel_deg2 = hpgeom.nside_to_pixel_area(nside, degrees=True)
    found = moc.sky_fraction * 4.0 * math.pi * SQUARE_DEG
    assert area_deg2 - 1e-9 <= found <= area_deg2 + pixel_deg2 + 1e-9


@pytest.mark.parametrize("level", LEVELS)
def test_mocpy_finds_the_same_regions(multiorder, publication, found, level):
    from mocpy import MOC

    sky, order = published(publication), found.nside.bit_length() - 1
    moc = MOC.from_valued_healpix_cells(
        sky.uniq.astype(np.uint64), sky.probability, order, cumul_to=level, strict=False, no_split=True
    )
    assert_same_region(healpy.nest2ring(found.nside, moc.flatten().astype(int)), found, level)
    of_file = MOC.from_multiordermap_fits_file(str(multiorder), cumul_to=level, strict=False, no_split=True)
    assert of_file == moc
    assert_area_of_whole_pixels(moc, found.nside, region(found, level).area_deg2)


@pytest.mark.parametrize("level", LEVELS)
def test_mocpy_reads_a_region_as_it_is(skymap, publication_of, level, tmp_path):
    from mocpy import MOC

    publication = publication_of(skymap)
    outline = publication.quote.outline(level)
    path = tmp_path / "region.moc.fits"
    path.write_bytes(to_moc_fits(outline, publication))
    moc = MOC.from_fits(path)
    assert moc.max_order == outline.nside.bit_length() - 1
    np.testing.assert_array_equal(np.sort(healpy.nest2ring(outline.nside, moc.flatten().astype(int))), outline.pixel)
    assert_area_of_whole_pixels(moc, outline.nside, outline.area_deg2)


def test_skyreader_flattens_a_map_in_the_same_way(skyreader, skymap, publication_of, tmp_path):
    from skyreader.utils.handle_map_data import extract_map

    publication = publication_of(skymap, None)
    path, flat = tmp_path / "run00138632.evt000031747601.test_8_64.npz", tmp_path / "flat.fits.gz"
    path.write_bytes(to_npz(skymap))
    flat.write_bytes(to_flat_fits(publication))
    theirs = skyreader.SkyScanResult.read_npz(path)
    *_, probability, _ = extract_map(theirs, llh_map=False)
    np.testing.assert_allclose(healpy.read_map(flat), np.nan_to_num(probability), rtol=1e-9, atol=1e-300)
    *_, twice, _ = extract_map(theirs, llh_map=True)
    ours = healpy.read_map(flat, field=1)
    np.testing.assert_allclose(np.where(healpy.mask_bad(ours), np.nan, ours), twice, rtol=1e-6, atol=1e-6)


def test_a_map_finer_than_a_flat_file_keeps_its_lowest_llh(map_of, publication_of, tmp_path):
    dice = np.random.default_rng(5)
    pixel = children(8, [400], 64)[0]
    skymap = map_of({64: dict(zip(pixel.tolist(), dice.uniform(10.0, 20.0, 64).tolist(), strict=True))})
    path = tmp_path / "coarse.fits.gz"
    path.write_bytes(to_flat_fits(publication_of(skymap, None), nside=16))
    twice = healpy.read_map(path, field=1)
    llh = cells_of(skymap).llh
    for parent in children(8, [400], 16)[0].tolist():
        inside = np.isin(pixel, children(16, [parent], 64)[0])
        assert twice[parent] == pytest.approx(2.0 * (llh[inside].min() - llh.min()), rel=1e-6)
    assert healpy.mask_bad(twice).sum() == 12 * 16**2 - 4
