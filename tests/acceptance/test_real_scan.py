"""Where real events came from, what is quoted of them, and whether that may be used: blind scans of the whole sky."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from skydriver.detector.coordinates import angular_distance
from skydriver.skymap.calibration import THREE_ALERT_FLOOR, Band

PUBLISHED = {"first look": (138.654, 0.142), "IceCat-2": (138.65, 0.15), "IceCat-1 era": (139.04, 0.37)}
"""Of IC231202A, degrees: SplineMPE as first published, and two later revisions."""
COST = {"n_fits", "fit_cpu_seconds", "cpu_seconds", "wall_seconds", "products"}


def away(best, ra_deg, dec_deg):
    """Degrees between a best fit and a place."""
    return float(np.degrees(angular_distance(*np.radians([best["ra_deg"], best["dec_deg"], ra_deg, dec_deg]))))


@pytest.fixture(scope="module")
def scanned(scan_once, shared):
    """A function from a real event's name and options to the answer of its scan; each is made once."""
    return lambda name, *options: scan_once(shared / "events" / f"{name}.json", *options)[0]


@pytest.fixture(scope="module")
def alert(scanned):
    return scanned("138632_31747601", "--enclose")


def test_the_alert_is_found_where_it_was_published(skydriver, alert, real_event):
    best = alert["best_fit"]
    for name, place in PUBLISHED.items():
        assert away(best, *place) < 0.5, name
    seeds = skydriver.json("event", real_event("138632_31747601"))["seeds"]
    assert [seed["name"] for seed in seeds] == ["l2_online_BestFit", "l2_online_SplineMPE"]
    assert alert["offsets"] == [
        {"seed": seed["name"], "deg": pytest.approx(away(best, seed["ra_deg"], seed["dec_deg"]), abs=1e-9)}
        for seed in seeds
    ]
    assert alert["offsets"][1]["deg"] < 0.2
    assert (alert["n_failed"], alert["not_reproducible"], alert["partial"]) == (0, [], False)


def test_the_alert_is_a_track_whose_region_may_be_used(alert):
    assert alert["topology"]["label"] == "through-going"
    quoted = alert["headline"]
    assert (quoted["kind"], quoted["source"], quoted["sigma_sys_deg"]) == ("region", "three-alert floor", 0.8)
    assert 8.0 < quoted["area90_deg2"] < 12.0
    assert 2.0 < quoted["area50_deg2"] < 4.0
    assert quoted["truncated"] is False
    reach = [quoted[f"{axis}_{side}_deg"] for axis in ("ra", "dec") for side in ("plus", "minus")]
    assert all(1.3 < side < 2.5 for side in reach)
    assert (alert["wilks"]["area90_deg2"] < 2.0, alert["wilks"]["contour_truncated"]) == (True, False)
    assert alert["verdict"]["answer"] == "yes"


def test_without_more_pixels_it_is_the_same_but_for_the_regions_edge(scanned, alert):
    usual = scanned("138632_31747601")
    assert usual["n_pixels"] == 768 + 768 + 1536 < alert["n_pixels"]
    assert (usual["best_fit"], usual["topology"]["label"]) == (alert["best_fit"], "through-going")
    share = usual["posterior"]["share_outside"]
    assert 0.0 < share < 0.01
    assert usual["headline"]["truncated"] is True
    assert usual["headline"]["area90_deg2"] == pytest.approx(alert["headline"]["area90_deg2"], rel=0.05)
    assert usual["verdict"]["answer"] == "yes"
    assert any("but for less than 1%" in reason for reason in usual["verdict"]["reasons"])


def test_a_hese_track_is_found_near_its_own_fit(scanned):
    answer = scanned("hese_event_02")
    (offset,) = [offset["deg"] for offset in answer["offsets"] if offset["seed"] == "HESE_SPEFit2"]
    assert offset < 1.5
    assert (answer["topology"]["label"], answer["headline"]["kind"]) == ("through-going", "region")
    assert answer["verdict"]["answer"] != "no"


def test_of_a_hese_cascade_no_direction_is_quoted(scanned):
    answer = scanned("hese_event_01")
    assert answer["topology"]["label"] != "through-going"
    assert answer["headline"]["kind"] in {"none", "vertex"}
    assert (answer["headline"]["ra_deg"], answer["headline"]["area90_deg2"]) == (None, None)
    assert answer["verdict"]["answer"] == "no"


def test_a_region_that_few_pixels_do_not_hold_is_enclosed_if_asked_for(skydriver):
    """Without, two pixels of nside 64 were refined: 1.7 square degrees."""
    answer = skydriver.json("scan", "example", "--nsides", "8:0,64:12,512:2", "--workers", "2", "--enclose")
    assert (answer["posterior"]["contour_truncated"], answer["posterior"]["share_outside"]) == (False, 0.0)
    assert answer["n_pixels"] > 768 + 768 + 128
    assert answer["posterior"]["area90_deg2"] > 5.0


@pytest.fixture(scope="module")
def varied(tmp_path_factory, command, shared):
    """The command of a scan with variants, its answer by number of workers, and the bytes of its summary."""
    found = {}
    for workers in (1, 2):
        scan = command(tmp_path_factory.mktemp(f"varied{workers}"))
        event = shared / "events" / "138632_31747601.json"
        answer = scan.json("scan", event, "--nsides", "8:0,64:4", "--systematics", "--workers", workers)
        (path,) = (scan.folder / "out").glob("*.summary.json")
        found[workers] = answer, path.read_bytes()
    return found


def test_variants_are_scanned_around_the_result(varied):
    answer, _ = varied[2]
    variants, left_out = answer["systematics"]["variants"], answer["systematics"]["left_out"]
    assert len(variants) + len(left_out) >= 10
    assert len({item["name"] for item in (*variants, *left_out)}) == len(variants) + len(left_out)
    assert all(item["reason"] for item in left_out)
    assert all(item["offset_deg"] < 2.0 for item in variants)
    assert len({item["offset_deg"] for item in variants}) > 2
    assert answer["systematics"]["complete"] is True
    assert answer["systematics"]["n_variants"] == len(variants)
    assert 0.0 < answer["systematics"]["spread_deg"] < answer["systematics"]["largest_deg"] < 2.0
    assert any("variants" in reason for reason in answer["verdict"]["reasons"])


def test_the_summary_with_variants_is_the_same_for_any_number_of_workers(varied):
    (one, summary), (two, other) = varied[1], varied[2]
    assert summary == other
    assert {**one, **dict.fromkeys(COST)} == {**two, **dict.fromkeys(COST)}


def test_people_are_told_what_is_quoted_and_whether_to_use_it(skydriver, real_event):
    settings = ("--nsides", "8:0,64:4", "--workers", "2", "--exclude-strings", "odd")
    lines = skydriver("scan", real_event("138632_31747601"), *settings).stdout.splitlines()
    starts = ("Best fit ", "Topology ", "Headline ", "Regions ", "Wilks ", "May I use it?  ", "Offset ", "Cost ")
    found = [next(k for k, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert found == sorted(found)
    assert "statistical only" in lines[found[4]]


@pytest.fixture(scope="module")
def floor_of(tmp_path_factory):
    """A function from a sigma to the file of a calibration with it."""

    def write(sigma_deg):
        path = tmp_path_factory.mktemp("calibration") / "table.json"
        band = Band("any", 0.0, None, 100, sigma_deg, None, None)
        path.write_bytes(replace(THREE_ALERT_FLOOR, name="made up", tests_only=False, bands=(band,)).to_json())
        return path

    return write


def test_a_calibration_of_ones_own_replaces_the_floor(skydriver, floor_of):
    small = ("scan", "example", "--nsides", "4:0,32:2", "--workers", "2")
    found = skydriver.json(*small, "--calibration", floor_of(3.0))["posterior"]
    assert (found["sigma_sys_deg"], found["tests_only"]) == (3.0, False)
    assert found["calibration"].startswith("made up (")
    assert found["area90_deg2"] > 2.0 * math.pi * 3.0**2 * math.log(10.0) * 0.95
