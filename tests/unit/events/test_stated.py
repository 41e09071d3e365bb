"""What an event states of its energy and origin, by its own names."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.events.realtime import load_event, read_event
from skydriver.events.stated import MAX_TOLD, MESSAGE, stated_energies
from skydriver.testing.events import toy_event

EVENT = read_event(toy_event())


def told(stated=(), message=None, **scalars: object):
    """What is told of an event that states these."""
    texts = {} if message is None else {MESSAGE: message}
    return stated_energies(dataclasses.replace(EVENT, stated=dict(stated), scalars={**texts, **scalars}))


def test_the_alert_states_four_energies_and_a_score(real_event):
    assert stated_energies(load_event(real_event("138632_31747601"))) == {
        "neutrino.bdt_up": 0.18028,
        "reco.energy.mpe_muex": 17235.35364,
        "reco.energy.spline_mue": 34674.8564,
        "reco.energy.spline_muex": 17324.05744,
        "reco.energy.truncated": 77406.34431,
    }


@pytest.mark.parametrize("name", ["hese_event_01", "hese_event_02"])
def test_events_of_2016_state_none(real_event, name):
    assert stated_energies(load_event(real_event(name))) == {}


def test_the_message_in_the_frame_says_the_same_as_the_json_beside_the_frames(real_event):
    event = load_event(real_event("138632_31747601"))
    assert stated_energies(dataclasses.replace(event, stated={})) == stated_energies(event)
    assert stated_energies(dataclasses.replace(event, scalars={})) == stated_energies(event)


@pytest.mark.parametrize("name", ["signalness", "nu_energy", "far", "neutrino.p_astro", "signal_trackness", "x.bdt"])
def test_each_is_told_by_its_own_name_from_wherever_it_is_stated(name):
    nested = 0.5
    for part in reversed(name.split(".")):
        nested = {part: nested}
    assert told({name: 0.5}) == told(message=json.dumps(nested)) == told(**{name: 0.5}) == {name: 0.5}


def test_the_json_beside_the_frames_goes_first():
    assert told({"far": 1}, '{"far": 2}', far=3.0) == {"far": 1.0}
    assert told(message='{"far": 2}', far=3.0) == {"far": 2.0}


@pytest.mark.parametrize("value", [True, None, "17 TeV", math.inf, math.nan, 10**400, [1.0]])
def test_what_is_no_finite_number_is_left_out(value):
    assert told({"nu_energy": value, "far": 1e-8}) == {"far": 1e-8}


@pytest.mark.parametrize("name", ["energy\nRA: 1.00", "energy\u202e", "energy of it", "", "energy." + "x" * 80])
def test_a_name_that_could_pass_for_other_text_is_left_out(name):
    assert told({name: 1.0}) == {}


@pytest.mark.parametrize("name", ["nch", "qtot", "reco.splinempe.llh", "reco.splinempe.zen", "safari", "energetic"])
def test_what_is_no_energy_is_left_out(name):
    assert told({name: 1.0}) == {}


@given(st.text() | st.just("[" * 100_000) | st.just('{"far": 1e999, "nu_energy": NaN}'))
def test_a_message_that_is_no_json_object_of_numbers_states_nothing(text):
    assert told(message=text) == {}


def test_there_is_an_end_to_it():
    many = {f"energy.{k:04}": float(k) for k in range(MAX_TOLD + 7)}
    assert list(told(many)) == sorted(many)[:MAX_TOLD]
