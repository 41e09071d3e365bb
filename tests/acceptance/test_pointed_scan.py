"""``skydriver scan`` of a part of the sky."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from skydriver.detector.coordinates import angular_distance
from skydriver.skymap.json_format import read_json
from skydriver.skymap.npz_format import read_npz

TRUTH = json.loads((files("skydriver.simulation") / "data" / "example_event.truth.json").read_text())
AT_THE_TRUTH = ("--center", f"{TRUTH['ra_deg']},{TRUTH['dec_deg']}", "--radius", "3")
SEED, NSIDES = "dummy:5", "8:0,32:8"


def away(best, ra_deg, dec_deg):
    return np.degrees(angular_distance(*np.radians([best["ra_deg"], best["dec_deg"], ra_deg, dec_deg])))


@pytest.fixture(scope="module")
def pair(tmp_path_factory, command):
    """The same scan of the whole sky and of a disc around what it finds: both answers, and the command of the disc."""
    whole = command(tmp_path_factory.mktemp("whole")).scan("--reco", SEED, "--nsides", NSIDES)
    best = whole["best_fit"]
    scan = command(tmp_path_factory.mktemp("disc"))
    disc = ("--center", f"{best['ra_deg'] - 2},{best['dec_deg']}", "--radius", "4")
    return whole, scan.scan("--reco", SEED, "--nsides", NSIDES, *disc), scan


def test_a_minimum_inside_is_found_with_fewer_fits(pair):
    whole, disc, _ = pair
    assert disc["best_fit"] == whole["best_fit"]
    assert disc["n_fits"] < whole["n_fits"] / 4
    assert whole["region"] == {}
    assert (disc["partial"], disc["not_reproducible"], len(disc["products"])) == (False, [], 5)


def test_the_products_hold_the_region_and_nothing_else(pair):
    whole, disc, scan = pair
    (path,) = (scan.folder / "out").glob("*.npz")
    kept = read_npz(path)
    assert kept == read_json(path.with_suffix(".json"))
    assert (dict(kept.provenance.region), kept.partial) == (disc["region"], False)
    ra, dec = map(float, disc["region"]["center"].split(","))
    assert ra == pytest.approx((whole["best_fit"]["ra_deg"] - 2) % 360)
    assert 0 < len(kept.stages[8]) < 10
    assert kept.n_pixels == disc["n_pixels"]
    assert away(disc["best_fit"], ra, dec) < 4


@pytest.mark.filterwarnings("ignore")  # what skyreader and its dependencies warn of is theirs
@pytest.mark.parametrize("form", ["json", "npz"])
def test_skyreader_reads_it_and_fills_the_sky(pair, form):
    skyreader = pytest.importorskip("skyreader")
    from skyreader.utils.handle_map_data import extract_map

    _, disc, scan = pair
    (path,) = (path for path in (scan.folder / "out").glob(f"*_32.{form}"))
    theirs = getattr(skyreader.SkyScanResult, f"read_{form}")(path)
    best = min((row["llh"], nside, int(row["index"])) for nside in (8, 32) for row in theirs.result[f"nside-{nside}"])
    assert best == tuple(disc["best_fit"][key] for key in ("llh", "nside", "pixel"))
    _, _, _, sky, _ = extract_map(theirs)
    assert len(sky) == 12 * 32**2
    assert 0 < np.isfinite(sky).sum() == 16 * len(theirs.result["nside-8"])


@pytest.mark.parametrize("workers", [1, 2])
def test_pointed_at_the_truth_the_example_has_the_whole_skys_best_pixel(skydriver, workers, whole_sky_of_example):
    answer = skydriver.json("scan", "example", *AT_THE_TRUTH, "--workers", workers)
    assert answer["best_fit"] == whole_sky_of_example["best_fit"]
    assert away(answer["best_fit"], TRUTH["ra_deg"], TRUTH["dec_deg"]) < 1
    assert answer["n_pixels"] < whole_sky_of_example["n_pixels"]


@pytest.fixture(scope="module")
def whole_sky_of_example(scan_once):
    return scan_once("example")[0]


@pytest.mark.parametrize("more", [(), ("--workers", "4"), ("--predictive-scanning-threshold", "0.2")])
def test_the_map_does_not_depend_on_how_the_work_was_done(skydriver, more):
    def bytes_of(folder):
        return [next(folder.glob(f"*_32{end}")).read_bytes() for end in (".json", ".summary.json")]

    settings = ("--nsides", "4:0,16:6,32:4", *AT_THE_TRUTH, "--zenith-band", "70,80")
    skydriver.json("scan", "example", *settings, "--workers", "1", "--out", "one")
    skydriver.json("scan", "example", *settings, "--workers", "2", *more, "--out", "other")
    assert bytes_of(skydriver.folder / "one") == bytes_of(skydriver.folder / "other")


def test_people_are_told_what_was_scanned(skydriver):
    done = skydriver("scan", "example", "--reco", "dummy", "--nsides", "4:0", "--zenith-band", "80,100")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1] == "Only       zenith_band 80.0,100.0"
    assert read_json(next(skydriver.folder.glob("out/*_4.json"))).n_pixels < 192


def test_a_disc_elsewhere_speaks_neither_of_a_direction_nor_of_a_cascade(skydriver):
    away_ra = (TRUTH["ra_deg"] + 180.0) % 360.0
    disc = ("--center", f"{away_ra},{TRUTH['dec_deg']}", "--radius", "4", "--nsides", "16:0,64:4")
    answer = skydriver.json("scan", "example", *disc, "--workers", "2")
    assert (answer["topology"]["label"], answer["headline"]["kind"], answer["verdict"]["answer"]) == (
        "unknown",
        "none",
        "no",
    )
