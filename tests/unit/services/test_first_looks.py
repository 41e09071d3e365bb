"""The directions that come with an event: which is a track's, which is best, and what error it states."""

import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.events.realtime import load_event, read_event
from skydriver.services.first_looks import BEST_FIRST, TRACK_SHAPES, FirstLook, best_look, first_looks
from skydriver.testing.events import toy_event, toy_seed

TOY = read_event(toy_event())


def looks_of(seeds, scalars=()):
    return first_looks(dataclasses.replace(TOY, seeds=tuple(seeds), scalars=dict(scalars)))


def a_look(name, *, is_track=True):
    return FirstLook(name, 0.0, 0.0, is_track, None, "none stated")


@pytest.mark.parametrize("shape", sorted(TRACK_SHAPES))
def test_a_track_fit_that_succeeded_is_a_track(shape):
    (look,) = looks_of([dataclasses.replace(toy_seed(), shape=shape)])
    assert look.is_track


@pytest.mark.parametrize(
    "change",
    [
        {"shape": "Cascade"},
        {"shape": "Null"},
        {"shape": "Primary"},
        {"fit_status": "FailedToConverge"},
        {"fit_status": "GeneralFailure", "shape": "StartingTrack"},
    ],
)
def test_a_cascade_and_a_fit_that_failed_are_none(change):
    (look,) = looks_of([dataclasses.replace(toy_seed(), **change)])
    assert not look.is_track
    assert best_look([look]) is None


BOOTSTRAP = {"ToySeed_Bootstrap_Angular": math.radians(0.3)}
CRAMER_RAO = {"ToySeed_CramerRao_cr_zenith": math.radians(0.5), "ToySeed_CramerRao_cr_azimuth": math.radians(0.1)}


@pytest.mark.parametrize(
    ("scalars", "error_deg", "name"),
    [
        (BOOTSTRAP | CRAMER_RAO, 0.3, "bootstrap"),
        (BOOTSTRAP, 0.3, "bootstrap"),
        (CRAMER_RAO, math.sqrt((0.5**2 + 0.1**2) / 2.0), "Cramer-Rao"),
        (CRAMER_RAO | {"ToySeed_Bootstrap_Angular": math.nan}, math.sqrt(0.13), "Cramer-Rao"),
        (CRAMER_RAO | {"ToySeed_Bootstrap_Angular": True}, math.sqrt(0.13), "Cramer-Rao"),
        (CRAMER_RAO | {"ToySeed_CramerRao_cr_zenith": math.inf}, None, "none stated"),
        ({"ToySeed_CramerRao_cr_zenith": 0.1}, None, "none stated"),
        ({"Other_Bootstrap_Angular": 0.1}, None, "none stated"),
        ({}, None, "none stated"),
    ],
)
def test_the_bootstraps_error_goes_before_the_bound(scalars, error_deg, name):
    (look,) = looks_of([toy_seed()], scalars)
    assert look.error_deg == (None if error_deg is None else pytest.approx(error_deg))
    assert look.error_name == name


@given(st.floats(0.0, math.pi))
def test_an_error_in_azimuth_counts_by_the_sine_of_zenith(zenith):
    (look,) = looks_of([dataclasses.replace(toy_seed(), zenith_rad=zenith)], CRAMER_RAO)
    assert look.error_deg == pytest.approx(math.hypot(0.5, 0.1 * math.sin(zenith)) / math.sqrt(2.0))


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_best_is_told_by_its_name_in_any_order(order):
    looks = [a_look(name) for name in ("OnlineL2_SplineMPE", "OnlineL2_BestFit", "HESE_SPEFit2")]
    assert best_look(looks[k] for k in order).name == "OnlineL2_SplineMPE"


def test_names_are_ranked_and_unknown_ones_come_last():
    names = ["my_fit", *(f"a_{part}_b" for part in reversed(BEST_FIRST))]
    while names:
        assert best_look(map(a_look, names)).name == names.pop()


def test_what_is_no_track_is_never_the_best():
    looks = [a_look("SplineMPE", is_track=False), a_look("SPEFit2"), a_look("HESE_Cascade", is_track=False)]
    assert best_look(looks).name == "SPEFit2"
    assert best_look([]) is None


def test_a_real_alert_states_its_errors(real_event):
    looks = first_looks(load_event(real_event("138632_31747601")))
    best = best_look(looks)
    assert (best.name, best.error_name) == ("l2_online_SplineMPE", "bootstrap")
    assert best.error_deg == pytest.approx(0.159, abs=0.001)
    assert (best.ra_deg, best.dec_deg) == pytest.approx((138.654, 0.142), abs=0.005)
    assert all(look.is_track for look in looks)
