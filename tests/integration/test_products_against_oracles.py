"""What independent programs read in the products of maps: all the same, and the same as ours.

The maps are those of scans, of the bundled event and of a real one, and some written by hand: at a pole, across right
ascension 0, with islands and a hole, with pixels that failed, unfinished.
"""

from __future__ import annotations

import math

import healpy
import mhealpy
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable
from mocpy import MOC
from regions import PointSkyRegion, Regions

LEVELS = (0.5, 0.9)
PLACE_DEG = 1e-6
"""Places in text are told to so much."""


def finer(nside, pixel, to):
    """The RING pixels of the nside `to` that make up NESTED pixels."""
    ratio = (to // nside) ** 2
    return healpy.nest2ring(to, (np.asarray(pixel)[:, np.newaxis] * ratio + np.arange(ratio)).ravel())


def pixels_of(moc, nside):
    """RING pixels of a coverage map."""
    return finer(2**moc.max_order, moc.flatten().astype(np.int64), nside)


def moc_of(made, level):
    """The coverage map of the region that is quoted."""
    return MOC.from_fits(made.path(f"moc{100 * level:.0f}.fits"))


def uniq_pixels(uniq):
    """The nside and the NESTED pixel of UNIQ numbers."""
    nside = 2 ** ((np.log2(np.asarray(uniq, np.float64)) - 2.0) // 2.0).astype(np.int64)
    return nside, np.asarray(uniq, np.int64) - 4 * nside**2


def greedy(probability, level):
    """The most probable pixels that together hold a level."""
    order = np.argsort(-probability, kind="stable")
    return order[: np.searchsorted(np.cumsum(probability[order]), level * (1.0 - 1e-12)) + 1]


def assert_same_pixels(first, second, probability):
    """But for which of the pixels that are exactly as probable as the least probable one."""
    edge = probability[first].min()
    above = [set(pixels[probability[pixels] > edge * (1.0 + 1e-12)].tolist()) for pixels in (first, second)]
    assert above[0] == above[1]
    assert len(first) == len(second)
    assert probability[second].min() == pytest.approx(edge, rel=1e-12)


def lowest(result):
    """The nside, pixel and llh of the lowest value that skyreader has read; NaN is none."""
    found = []
    for nside in result.nsides:
        rows = result.get_results_per_nside(nside)
        if np.isfinite(rows["llh"]).any():
            row = rows[np.nanargmin(rows["llh"])]
            found.append((float(row["llh"]), -nside, int(row["index"])))
    llh, nside, pixel = min(found)
    return -nside, pixel, llh


@pytest.fixture
def read_by_skyreader(made, skyreader):
    """Our npz and JSON; of a map from elsewhere, which is not written again, the map itself."""
    if not made.made("npz"):
        return [skyreader.SkyScanResult.read_json(made.result)]
    return [skyreader.SkyScanResult.read_npz(made.path("npz")), skyreader.SkyScanResult.read_json(made.path("json"))]


def test_skyreader_and_the_headers_have_the_same_best_fit(made, read_by_skyreader):
    header = made.header
    for read in read_by_skyreader:
        nside, pixel, llh = lowest(read)
        assert (header["BESTNSID"], header["BESTPIX"], header["BESTLLH"]) == (nside, pixel, llh)
        ra, dec = healpy.pix2ang(nside, pixel, lonlat=True)
        assert (header["RA"], header["DEC"]) == pytest.approx((ra, dec), abs=1e-9)
        if made.name != "failures":  # with a NaN in a stage skyreader does not see its lowest value
            assert read.min_llh == llh
            assert np.degrees(read.best_dir) == pytest.approx((ra, dec), abs=1e-9)


def test_every_reader_has_the_same_best_pixel(made, ligo):
    read, _, _ = ligo
    flat, multiorder = made.path("fits.gz"), made.path("multiorder.fits")
    probability = healpy.read_map(flat)
    nside, best = healpy.get_nside(probability), int(probability.argmax())
    assert int(read(flat)[0].argmax()) == best
    assert int(np.argmax(mhealpy.HealpixMap.read_map(flat).data)) == best
    table, sky = read(multiorder, moc=True), mhealpy.HealpixMap.read_map(multiorder)
    for uniq, density in ((table["UNIQ"], table["PROBDENSITY"].value), (sky.uniq, sky.data)):
        size, pixel = uniq_pixels([uniq[np.argmax(density)]])
        assert best in finer(int(size[0]), pixel, nside)
    twice = made.two_delta_llh()
    header = made.header
    own = healpy.ang2pix(healpy.get_nside(twice), header["RA"], header["DEC"], lonlat=True)
    assert (np.nanmin(twice), twice[own]) == (0.0, 0.0)


def test_every_reader_integrates_to_1(made, ligo):
    read, _, _ = ligo
    flat, multiorder = made.path("fits.gz"), made.path("multiorder.fits")
    mesh = mhealpy.HealpixMap.read_map(multiorder)
    assert mesh.is_mesh_valid()
    sums = [healpy.read_map(flat).sum(), read(flat)[0].sum(), np.sum(mhealpy.HealpixMap.read_map(flat).data)]
    sums.append((mesh.data * mesh.pixarea(range(mesh.npix)).value).sum())
    for table in (read(multiorder, moc=True), QTable.read(multiorder, hdu=1)):
        nside, _ = uniq_pixels(table["UNIQ"])
        assert str(table["PROBDENSITY"].unit) == "1 / sr"
        sums.append((np.asarray(table["PROBDENSITY"]) * math.pi / (3.0 * nside**2)).sum())
    assert sums == pytest.approx([1.0] * 6, abs=1e-6)


def test_every_reader_has_the_same_probability_everywhere(made, ligo):
    read, _, _ = ligo
    probability = made.probability()
    nside = healpy.get_nside(probability)
    raster, _ = read(made.path("multiorder.fits"))  # it has the nside of the smallest cell
    np.testing.assert_allclose(healpy.ud_grade(raster, nside, power=-2), probability, rtol=1e-9, atol=1e-30)
    mesh = mhealpy.HealpixMap.read_map(made.path("multiorder.fits"))
    likely = np.argsort(-probability)[:: len(probability) // 50_000]
    density = mesh.data[mesh.ang2pix(*healpy.pix2ang(nside, likely))]
    np.testing.assert_allclose(density * healpy.nside2pixarea(nside), probability[likely], rtol=1e-9, atol=1e-30)


@pytest.mark.parametrize("level", LEVELS)
def test_credible_regions_are_the_same_pixel_by_pixel(made, ligo, level):
    _, levels_of, _ = ligo
    probability = made.probability()
    nside = healpy.get_nside(probability)
    wanted = greedy(probability, level)
    levels = levels_of(probability)
    assert_same_pixels(wanted, np.flatnonzero(levels - probability < level * (1.0 - 1e-12)), probability)
    of_file = MOC.from_multiordermap_fits_file(
        str(made.path("multiorder.fits")), cumul_to=level, strict=False, no_split=True
    )
    assert_same_pixels(wanted, pixels_of(of_file, nside), probability)


@pytest.mark.parametrize("level", LEVELS)
def test_the_region_quoted_of_a_scan_is_the_credible_one(scanned, level):
    probability = scanned.probability()
    quoted = pixels_of(moc_of(scanned, level), healpy.get_nside(probability))
    assert_same_pixels(greedy(probability, level), quoted, probability)


def test_ligo_skymap_finds_the_areas_of_the_headers(made, ligo):
    read, _, crossmatch = ligo
    areas = crossmatch(read(made.path("multiorder.fits"), moc=True), contours=LEVELS).contour_areas
    probability, header = made.probability(), made.header
    pixel = healpy.nside2pixarea(healpy.get_nside(probability), degrees=True)
    for level, area in zip(LEVELS, areas, strict=True):
        assert area == pytest.approx(len(greedy(probability, level)) * pixel, rel=0.005, abs=pixel)
        if made.answer:
            assert header[f"AREA{100 * level:.0f}"] == pytest.approx(area, rel=0.005, abs=pixel)


@pytest.mark.parametrize("level", LEVELS)
def test_a_region_by_levels_is_where_2_delta_llh_is_below_them(written, level):
    twice = written.two_delta_llh()
    wanted = np.flatnonzero(twice <= {0.5: 22.2, 0.9: 64.2}[level])
    np.testing.assert_array_equal(np.sort(pixels_of(moc_of(written, level), healpy.get_nside(twice))), wanted)


def test_skyreader_flattens_the_map_in_the_same_way(made, read_by_skyreader):
    from skyreader.utils.handle_map_data import extract_map

    for read in read_by_skyreader:
        *_, twice, _ = extract_map(read, llh_map=True)
        ours = made.two_delta_llh()
        np.testing.assert_allclose(
            ours, healpy.ud_grade(twice, healpy.get_nside(ours), pess=False), rtol=1e-6, atol=1e-6
        )
        if not made.header["SYSDENS"]:
            *_, probability, _ = extract_map(read, llh_map=False)
            np.testing.assert_allclose(made.probability(), np.nan_to_num(probability), rtol=1e-9, atol=1e-300)


def test_nested_order_is_the_same_map(made, publish):
    nested = publish(made.name, made.result, "--nested", "--only", "fits.gz", *made.options)
    assert fits.getheader(nested.path("fits.gz"), 1)["ORDERING"] == "NESTED"
    np.testing.assert_array_equal(nested.probability(), made.probability())
    np.testing.assert_array_equal(nested.two_delta_llh(), made.two_delta_llh())
    stored = healpy.read_map(nested.path("fits.gz"), nest=None)
    np.testing.assert_array_equal(stored, healpy.reorder(made.probability(), r2n=True))


def test_ds9_draws_the_polygons_of_the_text(made):
    table = np.loadtxt(made.path("contours.txt"), ndmin=2)
    *polygons, best = Regions.read(made.path("reg"), format="ds9")
    assert isinstance(best, PointSkyRegion)
    assert (best.center.ra.deg, best.center.dec.deg) == pytest.approx(
        (made.header["RA"], made.header["DEC"]), abs=PLACE_DEG
    )
    text = made.path("contours.txt").read_text()
    assert len(polygons) == len(set(table[:, 0])) == text.count("island") - 1 + text.count("hole") - 1
    for number, polygon in enumerate(polygons, 1):
        vertices = np.stack([polygon.vertices.ra.deg, polygon.vertices.dec.deg], axis=1)
        np.testing.assert_allclose(vertices, table[table[:, 0] == number, 1:], rtol=0.0, atol=PLACE_DEG)
        assert polygon.meta["include"] == (f"polygon {number}: island" in text)


@pytest.mark.parametrize("ending", ["multiorder.fits", "fits.gz", "moc50.fits", "moc90.fits"])
def test_the_headers_say_what_the_scan_answered(scanned, ending):
    header, answer = fits.getheader(scanned.path(ending), 1), scanned.answer
    known, best = answer["posterior"], answer["best_fit"]
    said = {
        "RUNID": answer["run_id"],
        "EVENTID": answer["event_id"],
        "ALGO": answer["algorithm"],
        "RA": best["ra_deg"],
        "DEC": best["dec_deg"],
        "BESTLLH": best["llh"],
        "BESTNSID": best["nside"],
        "BESTPIX": best["pixel"],
        "SIGMASYS": known["sigma_sys_deg"],
        "CALIB": known["calibration"],
        "SAREA50": answer["wilks"]["area50_deg2"],
        "SAREA90": answer["wilks"]["area90_deg2"],
        "USE": answer["verdict"]["answer"],
        "TOPOLOGY": answer["topology"]["label"],
    }
    edges = {"RALO": "ra_min", "RAHI": "ra_max", "DELO": "dec_min", "DEHI": "dec_max"}
    said |= {f"{keyword}90": known["rectangle90"][f"{name}_deg"] for keyword, name in edges.items()}
    reach = {"RAPLUS": "ra_plus", "RAMIN": "ra_minus", "DEPLUS": "dec_plus", "DEMIN": "dec_minus"}
    for level, errors in ((50, known["errors50"]), (90, known)):
        said |= {f"{keyword}{level}": errors[f"{name}_deg"] for keyword, name in reach.items()}
        said[f"AREA{level}"] = known[f"area{level}_deg2"]
    assert {keyword: header[keyword] for keyword in said} == said
