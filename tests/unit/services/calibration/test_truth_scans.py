"""What a scan of an event says of its truth."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.coordinates import direction_vector
from skydriver.errors import EventContentError, SettingError
from skydriver.events.realtime import read_event
from skydriver.recos.dummy import CURVATURE, Dummy
from skydriver.services.calibration import truth_scans
from skydriver.services.calibration.known_events import FromFile, Simulated, Truth
from skydriver.services.calibration.truth_scans import (
    Record,
    TruthScanSettings,
    drawn_center,
    measure,
    measure_known,
    statistical_level,
)
from skydriver.skymap.cells import Cells, centres_deg
from skydriver.skymap.offsets import separation_deg
from skydriver.testing.events import toy_event

SKY = st.floats(0.0, 360.0), st.floats(-90.0, 90.0)
FEW = (0.8, 1.5, 3.0)
POINTED = TruthScanSettings.of("dummy:3", "32:0", 6.0, blind=False)


@pytest.fixture(autouse=True)
def few_floors(monkeypatch):
    """Small ones take long on wide maps."""
    monkeypatch.setattr(truth_scans, "SIGMAS_DEG", FEW)


@given(st.text(), *SKY, st.floats(0.1, 90.0))
def test_the_center_is_near_the_truth_and_always_the_same(content_hash, ra, dec, within):
    center = drawn_center(content_hash, ra, dec, within)
    assert separation_deg(*center, ra, dec) <= within + 2e-6
    assert center == drawn_center(content_hash, ra, dec, within)


def test_centers_fill_the_disc_evenly():
    """The area within is uniform, and so is the direction."""
    centers = [drawn_center(str(i), 40.0, 50.0, 3.0) for i in range(2000)]
    area = np.array([(separation_deg(*center, 40.0, 50.0) / 3.0) ** 2 for center in centers])
    assert np.abs(np.quantile(area, [0.25, 0.5, 0.75]) - [0.25, 0.5, 0.75]).max() < 0.04
    east = np.mean([(ra - 40.0) > 0.0 for ra, _ in centers])
    north = np.mean([dec > 50.0 for _, dec in centers])
    assert abs(east - 0.5) < 0.04
    assert abs(north - 0.5) < 0.04


def test_the_statistical_level_is_what_is_at_least_as_dense():
    """Three cells of one size hold 1/7, 2/7 and 4/7; a finer one within another's place counts first."""
    cells = Cells(np.array([1, 1, 1]), np.array([0, 4, 8]), -np.log([1.0, 2.0, 4.0]))
    places = list(zip(*centres_deg(1, cells.pixel), strict=True))
    assert [statistical_level(cells, *place) for place in places] == pytest.approx([1.0, 6 / 7, 4 / 7])
    with pytest.raises(EventContentError, match=r"^truth: lies outside of what was scanned"):
        statistical_level(cells, *(float(x[0]) for x in centres_deg(1, np.array([6]))))


def test_it_measures_a_map_that_is_known():
    """The dummy's bowl has its minimum at a known direction of the detector, which lies 2 degrees from the truth."""
    event = read_event(toy_event())
    x, y, z = Dummy(3)._minimum
    zenith = math.acos(z)
    truth = Truth(zenith + math.radians(2.0), math.atan2(y, x) % (2.0 * math.pi), 5e3)
    found = measure("toy", event, truth, POINTED).found
    assert found.offset_deg == pytest.approx(2.0, abs=1.5)  # pixels of nside 32 are 1.8 degrees wide
    bowl = CURVATURE * (1.0 - direction_vector(truth.zenith_rad, truth.azimuth_rad) @ [x, y, z])
    assert 2.0 * bowl - 3.0 < found.rise <= 2.0 * bowl + 1e-6
    assert found.in_wilks90 == (found.rise <= 4.61)
    assert 0.0 < found.statistical_level <= 1.0
    assert len(found.levels) == len(FEW)
    assert found.energy_gev == 5e3


@pytest.mark.parametrize(("tilt_deg", "held"), [(3.2, True), (5.0, False)])
def test_wilks_90_region_ends_at_a_rise_of_4_61(tilt_deg, held):
    x, y, z = Dummy(3)._minimum
    truth = Truth(math.acos(z) + math.radians(tilt_deg), math.atan2(y, x) % (2.0 * math.pi), None)
    found = measure("toy", read_event(toy_event()), truth, POINTED).found
    assert found.rise > 1.39
    assert (found.rise <= 4.61, found.in_wilks90) == (held, held)


def test_a_truth_of_lower_llh_than_every_pixel_has_no_rise():
    x, y, z = Dummy(3)._minimum
    truth = Truth(math.acos(z), math.atan2(y, x) % (2.0 * math.pi), None)
    found = measure("toy", read_event(toy_event()), truth, POINTED).found
    assert found.rise == 0.0
    assert found.in_wilks90


def test_an_event_is_measured_the_same_again_and_survives_json():
    event, truth = Simulated("through_going", 2).load()
    settings = TruthScanSettings.of("pandel_mpe", "64:0", 1.0, blind=False)
    record = measure("a", event, truth, settings)
    assert record == measure("a", event, truth, settings)
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record
    assert record.found.topology == "through-going"


def test_what_cannot_be_measured_has_its_reason(tmp_path):
    settings = TruthScanSettings.of("pandel_mpe", "8:0", 5.0, blind=True)
    dark = Simulated("stopping", next(seed for seed in range(100) if not _shines(seed)))
    record = measure_known(dark, settings)
    assert record.found is None
    assert "pandel_mpe needs at least 6" in record.reason
    assert len(record.content_hash) == 64
    (tmp_path / "bad.json").write_text("{")
    unreadable = measure_known(FromFile("bad", "key", tmp_path / "bad.json", Truth(1.0, 1.0, None)), settings)
    assert (unreadable.content_hash, unreadable.found) == (None, None)
    assert "is not JSON" in unreadable.reason
    failing = replace(settings, reco="crash_dummy:1:nan", nsides="1:0")
    assert measure("toy", read_event(toy_event()), Truth(1.0, 1.0, None), failing).reason == "scan: every pixel failed"


def _shines(seed: int) -> bool:
    from skydriver.detector.geometry import dom_positions
    from skydriver.events.cleaning import clean

    return clean(Simulated("stopping", seed).load()[0].pulses, dom_positions()).nch >= 6


@pytest.mark.parametrize(
    ("options", "name"),
    [(("none", None, 5.0), "reco"), (("dummy", "7:0", 5.0), "nsides"), (("dummy", None, 0.01), "radius")],
)
def test_settings_are_checked(options, name):
    with pytest.raises(SettingError, match=f"^{name}: "):
        TruthScanSettings.of(*options, blind=False)


def test_a_blind_scan_knows_nothing_of_the_truth():
    blind = TruthScanSettings.of("dummy", None, 0.0, blind=True)
    assert blind.request((1.0, 2.0)) == blind.request((3.0, 4.0))
    assert blind.nsides == "8:0,64:12,512:24"
    assert blind.request((0.0, 0.0)).region.described() == {}
