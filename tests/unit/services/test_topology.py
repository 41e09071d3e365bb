"""What kind of event it was: the whole table of decisions, and what becomes of real and of simulated events."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.detector.coordinates import direction_vector
from skydriver.detector.edge import deepest_m, depth_m
from skydriver.events.realtime import read_event
from skydriver.recos.hypotheses import compare
from skydriver.recos.light_ends import LightEnds, light_ends
from skydriver.services.directions import pixel_directions
from skydriver.services.inline_scan import scan_inline
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.services.topology import DARK, LABELS, LLH_RATIO, SELF_VETO, SKIMMING_M, agreed, label_of, topology
from skydriver.simulation.events import simulate
from skydriver.testing.events import toy_event

LIGHT, DIM = DARK, math.nextafter(DARK, math.inf)
"""The most that does not count as dark, and the least that does."""
OUTSIDE, INSIDE, DEEP = -1e-9, math.nextafter(SKIMMING_M, 0.0), SKIMMING_M
REQUEST = ScanRequest("pandel_mpe", "8:0,32:12")
OURS = ["track_significance", "dark_before", "dark_after", "light_length_m", "deepest_m", "point_depth_m"]


def ends_of(before, after):
    return LightEnds(-100.0, 100.0, before, after, 50, 40)


def track_of(event):
    """The cleaned pulses and the best track of a blind scan: direction, vertex and time."""
    pulses = prepare(event, REQUEST).pulses
    stages = scan_inline(REQUEST, REQUEST.algorithm().bind(pulses), event.header.mjd).final_fits()
    best = min((fit for stage in stages.values() for fit in stage.fits if math.isfinite(fit.llh)), key=lambda f: f.llh)
    (direction,) = pixel_directions(best.wanted.nside, [best.wanted.pixel], event.header.mjd)
    return pulses, direction, (best.x, best.y, best.z), best.t


@pytest.fixture(scope="module")
def toy():
    """A simulated event and its cleaned pulses."""
    event = read_event(simulate(3).event_json)
    return event, prepare(event, REQUEST).pulses


def check(found):
    """What holds of every answer."""
    names = [one.what for one in found.evidence]
    assert found.label in LABELS
    assert names[:6] == OURS
    assert len(set(names)) == len(names)
    assert all(math.isfinite(one.value) and one.says for one in found.evidence)
    assert math.isfinite(found.fit_quality)
    assert np.isfinite(found.vertex).all()


@pytest.mark.parametrize(
    ("significance", "before", "after", "deepest", "label"),
    [
        (3.0, LIGHT, LIGHT, DEEP, "through-going"),
        (3.0, DIM, LIGHT, DEEP, "starting"),
        (3.0, LIGHT, DIM, DEEP, "unknown"),
        (3.0, DIM, DIM, DEEP, "unknown"),
        (3.0, LIGHT, LIGHT, INSIDE, "skimming"),
        (3.0, LIGHT, LIGHT, OUTSIDE, "skimming"),
        (3.0, DIM, LIGHT, INSIDE, "starting"),
        (3.0, LIGHT, DIM, INSIDE, "unknown"),
        (2.9, LIGHT, LIGHT, DEEP, "unknown"),
        (2.9, LIGHT, LIGHT, 0.0, "unknown"),
        (2.9, LIGHT, LIGHT, OUTSIDE, "cascade"),
        (2.9, DIM, LIGHT, DEEP, "cascade"),
        (2.9, LIGHT, DIM, DEEP, "cascade"),
        (0.0, DIM, DIM, DEEP, "cascade"),
        (-3.0, LIGHT, LIGHT, DEEP, "unknown"),
        (-3.1, LIGHT, LIGHT, DEEP, "cascade"),
        (-3.1, DIM, DIM, OUTSIDE, "cascade"),
        (100.0, 0.0, 0.0, 400.0, "through-going"),
    ],
)
def test_the_table_of_decisions(significance, before, after, deepest, label):
    assert label_of(significance, ends_of(before, after), deepest) == label


@given(st.floats(-50.0, 50.0), st.floats(0.0, 20.0), st.floats(0.0, 20.0), st.floats(-500.0, 500.0))
def test_a_track_is_only_what_is_significantly_one(significance, before, after, deepest):
    label = label_of(significance, ends_of(before, after), deepest)
    assert label in LABELS
    if label in {"through-going", "starting", "skimming"}:
        assert significance >= 3.0
    if label == "cascade":
        assert significance < 3.0
    if label == "through-going":
        assert max(before, after) <= DARK
        assert deepest >= SKIMMING_M


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("scalars", [{}, *({LLH_RATIO: ratio} for ratio in (True, False, "-55", "", math.nan, 0.0))])
def test_an_event_that_says_nothing_contradicts_nothing(label, scalars):
    assert agreed(label, scalars) == label


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("ratio", [1e-9, 369.0, math.inf])
def test_an_event_that_says_track_contradicts_a_cascade(label, ratio):
    assert agreed(label, {LLH_RATIO: ratio}) == ("unknown" if label == "cascade" else label)
    assert agreed(label, {LLH_RATIO: -ratio}) == (label if label == "cascade" else "unknown")


@pytest.mark.parametrize("name", ["hese_event_02", "138632_31747601"])
def test_real_tracks_go_through(real_event, name):
    event = read_event(real_event(name).read_bytes())
    found = topology(event, *track_of(event))
    check(found)
    assert found.label == "through-going"


def test_a_real_cascade_does_not_go_through(real_event):
    event = read_event(real_event("hese_event_01").read_bytes())
    found = topology(event, *track_of(event))
    check(found)
    assert found.label != "through-going"


@pytest.mark.parametrize(
    ("direction", "vertex"),
    [
        ((0.0, 0.0, 1.0), (3000.0, 0.0, 0.0)),  # misses the detector
        ((1.0, 0.0, 0.0), (0.0, 0.0, 2000.0)),  # above it
        ((0.0, 1.0, 0.0), (0.0, 1e6, 0.0)),  # through it, from a far vertex
        ((0.0, 0.0, -1.0), (0.0, 0.0, 0.0)),
    ],
)
def test_every_track_has_an_answer(toy, direction, vertex):
    event, pulses = toy
    check(topology(event, pulses, direction, vertex, 12_500.0))
    check(topology(event, pulses.select(np.arange(len(pulses)) < 3), direction, vertex, -1e6))


def test_what_is_told_is_what_was_found(toy):
    event, pulses = toy
    track = (np.array([0.6, 0.0, 0.8]), np.array([900.0, 100.0, 700.0]), 12_500.0)
    found, fits, ends = topology(event, pulses, *track), compare(pulses, *track), light_ends(pulses, *track)
    told = {one.what: one.value for one in found.evidence}
    assert found.fit_quality * pulses.n_dom == pytest.approx(min(fits.track_llh, fits.point_llh))
    assert found.vertex == fits.point
    assert told["track_significance"] == fits.significance
    assert (told["dark_before"], told["dark_after"]) == (ends.dark_before, ends.dark_after)
    assert told["light_length_m"] == pytest.approx(max(0.0, ends.end_m - ends.begin_m))
    assert told["deepest_m"] == pytest.approx(deepest_m(track[1], -track[0]), abs=1e-6)
    assert told["point_depth_m"] == pytest.approx(float(depth_m(fits.point[:3])))


def test_the_toy_event_has_an_answer():
    event = read_event(toy_event())
    pulses = event.series[next(iter(event.series))]
    check(topology(event, pulses.select(pulses.om <= 60), (-1.0, 0.0, 0.0), (0.0, 0.0, 0.0), 11_000.0))


@pytest.mark.parametrize(
    ("scalars", "named"),
    [
        ({}, []),
        ({LLH_RATIO: -55.0, SELF_VETO: True}, [LLH_RATIO, SELF_VETO]),
        ({LLH_RATIO: 57.0, SELF_VETO: False, "HESE_other": 1.0}, [LLH_RATIO, SELF_VETO]),
        ({LLH_RATIO: "57", SELF_VETO: 0.5}, []),
        ({LLH_RATIO: math.nan}, []),
        ({LLH_RATIO: True}, []),
    ],
)
def test_what_the_event_says_is_told(toy, scalars, named):
    event, pulses = toy
    found = topology(dataclasses.replace(event, scalars=scalars), pulses, (0.0, 0.0, 1.0), (0.0, 0.0, 0.0), 12_500.0)
    check(found)
    assert [one.what for one in found.evidence[6:]] == named
    values = [float(scalars[name]) for name in named]
    assert [one.value for one in found.evidence[6:]] == values


@pytest.mark.parametrize(
    ("kind", "labels"), [("through_going", {"through-going"}), ("cascade", {"cascade", "unknown"})]
)
def test_simulated_events_at_their_truth(kind, labels):
    """Four of five: chance may make an event look like another."""
    right = 0
    for seed in range(5):
        made = simulate(seed, kind=kind)
        event, truth = read_event(made.event_json), json.loads(made.truth_json)
        vertex = [truth[f"{axis}_m"] for axis in "xyz"]
        direction = direction_vector(truth["zenith_rad"], truth["azimuth_rad"])
        found = topology(event, prepare(event, REQUEST).pulses, direction, vertex, truth["t_ns"])
        check(found)
        right += found.label in labels
    assert right >= 4


@pytest.mark.parametrize("label", LABELS)
def test_a_part_of_the_sky_shows_no_cascade_and_nothing_at_its_edge(by_hand, label):
    whole = by_hand.topology_of(label)
    within, at_edge = (whole.of_a_part(at_edge=edge) for edge in (False, True))
    assert (within.label, within.at_edge) == ("unknown" if label == "cascade" else label, False)
    assert (at_edge.label, at_edge.at_edge) == ("unknown", True)
    for part in (within, at_edge):
        assert part.evidence[:-1] == whole.evidence
        assert (part.evidence[-1].what, part.evidence[-1].value) == ("best_at_edge", float(part.at_edge))
