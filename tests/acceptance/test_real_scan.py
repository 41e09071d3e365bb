"""Where real events came from: blind scans of the whole sky."""

from __future__ import annotations

import numpy as np
import pytest

from skydriver.detector.coordinates import angular_distance

PUBLISHED = {"first look": (138.654, 0.142), "IceCat-2": (138.65, 0.15), "IceCat-1 era": (139.04, 0.37)}
"""Of IC231202A, degrees: SplineMPE as first published, and two later revisions."""


def away(best, ra_deg, dec_deg):
    """Degrees between a best fit and a place."""
    return float(np.degrees(angular_distance(*np.radians([best["ra_deg"], best["dec_deg"], ra_deg, dec_deg]))))


def test_the_alert_is_found_where_it_was_published(skydriver, real_event):
    event = real_event("138632_31747601")
    answer = skydriver.json("scan", event, "--workers", "2")
    best = answer["best_fit"]
    for name, place in PUBLISHED.items():
        assert away(best, *place) < 0.5, name
    seeds = skydriver.json("event", event)["seeds"]
    assert [seed["name"] for seed in seeds] == ["l2_online_BestFit", "l2_online_SplineMPE"]
    assert answer["offsets"] == [
        {"seed": seed["name"], "deg": pytest.approx(away(best, seed["ra_deg"], seed["dec_deg"]), abs=1e-9)}
        for seed in seeds
    ]
    assert answer["n_pixels"] == 768 + 768 + 1536
    assert (answer["n_failed"], answer["not_reproducible"], answer["partial"]) == (0, [], False)


def test_a_hese_track_is_found_near_its_own_fit(skydriver, real_event):
    answer = skydriver.json("scan", real_event("hese_event_02"), "--nsides", "8:0,64:4", "--workers", "2")
    (offset,) = [offset["deg"] for offset in answer["offsets"] if offset["seed"] == "HESE_SPEFit2"]
    assert offset < 1.5
