"""Simulated events, through-going muons above all, and their JSON."""

from __future__ import annotations

import json
import zlib
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.detector.constants import C_VACUUM_M_PER_NS, N_GROUP
from skydriver.detector.coordinates import direction_vector, icrs_to_local
from skydriver.detector.geometry import dom_index, dom_positions
from skydriver.detector.ice import spice_mie
from skydriver.errors import EventContentError, SettingError
from skydriver.events.realtime import load_event, read_event
from skydriver.events.writer import superdst_grid
from skydriver.simulation import events
from skydriver.simulation.draws import HALF_LENGTH_M, Given, draw
from skydriver.simulation.muon import follow
from skydriver.simulation.pulses import make_pulses
from skydriver.simulation.truth import KINDS, Truth

TRACK = Truth(1.4, 0.5, 20.0, -30.0, 10.0, 12500.0, 20000.0)


def run(track: Truth, seed: int = 1):
    rng = np.random.default_rng(seed)
    return make_pulses(track, follow(track.energy_gev, -HALF_LENGTH_M, HALF_LENGTH_M, rng), spice_mie(), rng)


def perpendicular_and_time(track: Truth) -> tuple[np.ndarray, np.ndarray]:
    """For each DOM, its distance from the track and the earliest time (ns) at which any of its light can be there."""
    position = dom_positions() - [track.x_m, track.y_m, track.z_m]
    along = position @ -direction_vector(track.zenith_rad, track.azimuth_rad)
    away = np.linalg.norm(position - along[:, None] * -direction_vector(track.zenith_rad, track.azimuth_rad), axis=1)
    return away, track.t_ns + (along + away * np.sqrt(N_GROUP**2 - 1)) / C_VACUUM_M_PER_NS


@pytest.mark.parametrize("kind", KINDS)
@given(st.integers(0, 2**63))
@settings(max_examples=3, deadline=None)
def test_a_seed_gives_one_event(kind, seed):
    first, second = events.simulate_event(seed, kind=kind), events.simulate_event(seed, kind=kind)
    assert first == second
    assert first != events.simulate_event(seed + 1, kind=kind)


def test_light_is_never_faster_than_light():
    pulses = run(TRACK)
    away, earliest = perpendicular_and_time(TRACK)
    dom = dom_index(pulses.string, pulses.om)
    early = pulses.time_ns - earliest[dom] < -12.0  # six times the jitter
    assert np.sum(early & (away[dom] < 60)) <= 5  # noise: 1.3 expected in the 200 DOMs there
    assert early.sum() < 60  # noise: 26 expected


def test_shifting_the_muon_in_time_shifts_its_pulses():
    later = Truth(**{**asdict(TRACK), "t_ns": TRACK.t_ns + 1000.0})
    assert np.allclose(run(later).time_ns, run(TRACK).time_ns + 1000.0, atol=1e-6)
    assert run(later).charge_pe.tolist() == run(TRACK).charge_pe.tolist()


def test_brighter_muons_leave_more_light():
    charges = [run(Truth(**{**asdict(TRACK), "energy_gev": energy})).qtot_pe for energy in (1e3, 1e4, 1e5, 1e6)]
    assert charges == sorted(charges)
    assert charges[3] > 30 * charges[1]


def test_numbers_are_those_of_photon_propagation(shared):
    """Light and lateness against independent muons with the same truth: medians within a factor of 1.5."""
    ratios, late = [], []
    for file in sorted((shared / "simulated").glob("mu_*.json"))[:8]:
        event = json.loads(file.read_text())
        truth = event["truth"]
        vertex = (truth["x"], truth["y"], truth["z"], truth["t"])
        track = Truth(truth["zenith_rad"], truth["azimuth_rad"], *vertex, truth["energy_at_entry_gev"])
        ours, theirs = run(track), np.array(event["pulses"], dtype=float).T
        ratios.append(ours.qtot_pe / theirs[3].sum())
        away, earliest = perpendicular_and_time(track)
        for string, om, time in ((ours.string, ours.om, ours.time_ns), theirs[:3]):
            dom = dom_index(string, om)
            residual = (time - earliest[dom])[(away[dom] > 20) & (away[dom] < 100)]
            late.append(np.median(residual[np.abs(residual) < 3000]))
    assert 1 / 1.5 < np.median(ratios) < 1.5
    assert 1 / 1.5 < np.median(np.divide(late[::2], late[1::2])) < 1.5


def test_the_json_is_a_realtime_event_that_says_it_is_simulated():
    made = events.simulate(3, energy_gev=3e4, zenith_deg=100.0, run_id=7, start_time="2024-02-29T12:00:00Z")
    event = read_event(made.event_json)
    pulses, _ = events.simulate_event(3, energy_gev=3e4, zenith_deg=100.0)
    assert not event.is_real
    assert (event.header.run_id, event.header.event_id) == (7, 3)
    assert event.header.start_time_utc.startswith("2024-02-29T12:00:00")
    assert event.pulses == superdst_grid(pulses)
    assert not event.seeds


def test_the_truth_stands_beside_the_event_and_is_complete():
    made = events.simulate(4, azimuth_deg=123.0)
    truth = json.loads(made.truth_json)
    zenith, azimuth = icrs_to_local(*np.radians([truth["ra_deg"], truth["dec_deg"]]), truth["mjd"])
    assert np.degrees(azimuth) == pytest.approx(123.0, abs=1e-5)
    assert zenith == pytest.approx(truth["zenith_rad"], abs=1e-7)
    assert truth["seed"] == 4
    assert truth["simulator"] == {"name": events.NAME, "version": events.VERSION}
    assert b"energy" not in made.event_json
    assert set(Truth.__dataclass_fields__) - {"hadronic_energy_gev", "path_m"} <= set(truth)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_an_event_whose_truth_says_what_it_is(kind):
    made = events.simulate(8, kind=kind, zenith_deg=70.0)
    pulses, whole = events.simulate_event(8, kind=kind, zenith_deg=70.0)
    truth = json.loads(made.truth_json)
    assert read_event(made.event_json).pulses == superdst_grid(pulses)
    assert truth["kind"] == whole.kind == kind
    assert ("hadronic_energy_gev" in truth, "path_m" in truth) == (kind == "starting", kind == "stopping")
    stated = {name: truth.get(name) for name in Truth.__dataclass_fields__}
    assert stated == asdict(whole)


def test_what_is_given_leaves_the_rest_to_the_seed():
    _, free = events.simulate_event(11)
    _, bound = events.simulate_event(11, energy_gev=1234.0)
    assert bound == Truth(**{**asdict(free), "energy_gev": 1234.0})


def test_every_muon_passes_the_middle_of_the_detector():
    for seed in range(20):
        track, _ = draw("through_going", Given(), np.random.default_rng(seed))
        vertex = np.array([track.x_m, track.y_m, track.z_m])
        assert np.linalg.norm(vertex) <= 250.0
        assert vertex @ direction_vector(track.zenith_rad, track.azimuth_rad) == pytest.approx(0.0, abs=1e-9)


def test_the_bundled_example_is_what_its_seed_makes():
    made = events.simulate(events.EXAMPLE_SEED)
    stored, again = load_event(events.example_event()), read_event(made.event_json)
    assert (stored.header, dict(stored.series)) == (again.header, dict(again.series))
    assert made.truth_json == events.example_truth().read_bytes()
    # another zlib may pack the same frames differently
    assert made.event_json == events.example_event().read_bytes() or "ng" in zlib.ZLIB_RUNTIME_VERSION


def test_the_example_is_a_contained_through_going_track():
    truth = json.loads(events.example_truth().read_text())
    assert np.linalg.norm([truth["x_m"], truth["y_m"], truth["z_m"]]) < 150
    assert 100 <= load_event(events.example_event()).pulses.n_dom <= 250


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("energy", {"energy_gev": 1.0}),
        ("energy", {"energy_gev": float("nan")}),
        ("zenith", {"zenith_deg": 181.0}),
        ("azimuth", {"azimuth_deg": -1.0}),
        ("seed", {"seed": -1}),
        ("kind", {"kind": "bundle"}),
        ("energy", {"kind": "stopping", "energy_gev": 600.0}),
        ("energy", {"kind": "cascade", "energy_gev": 1e8}),
    ],
)
def test_a_number_out_of_range_is_named(name, wrong):
    with pytest.raises(SettingError, match=name):
        events.simulate(**{"seed": 1, **wrong})


def test_an_impossible_identity_is_refused():
    with pytest.raises(EventContentError, match="run_id"):
        events.simulate(1, run_id=-5)
    with pytest.raises(EventContentError, match="start_time"):
        events.simulate(1, start_time="yesterday")
