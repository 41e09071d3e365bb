"""What is refused before a scan begins."""

import dataclasses
import inspect

import numpy as np
import pytest

from skydriver.cli.scan import scan
from skydriver.errors import EventContentError, SettingError
from skydriver.events.realtime import read_event
from skydriver.events.writer import encode_event, make_header
from skydriver.recos.registry import ALGORITHMS, find_reco
from skydriver.services.preparation import MAX_WORKERS, ScanRequest, prepare
from skydriver.simulation.events import example_event
from skydriver.testing.events import TOY_START, toy_pulses


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("reco", ["", "millipede", "dummy:x", "dummy:1:2", "crash_dummy:nan", "crash_dummy:1:sulk"]),
        ("nsides", ["", "8", "8:1", "9:0", "8:0,8:1", "8:0,4:1", "8:0,64:0", "8:0,64:769"]),
        ("predictive_scanning_threshold", [0.0, 0.0999, 1.0001, float("nan"), float("inf")]),
        ("max_reco_time_s", [0.0, -1.0, 0.0009, 1.1e6, float("nan"), float("inf")]),
        ("workers", [0, -1, MAX_WORKERS + 1]),
    ],
)
def test_bad_settings_are_refused_by_the_name_that_users_know(argument, values):
    for value in values:
        with pytest.raises(SettingError) as caught:
            ScanRequest(**{argument: value})
        assert caught.value.argument == argument.removesuffix("_s")


@pytest.mark.parametrize(
    "good",
    [
        {"predictive_scanning_threshold": 0.1},
        {"max_reco_time_s": 0.001},
        {"max_reco_time_s": 1e6},
        {"workers": MAX_WORKERS},
        {"nsides": "1:0"},
        {"reco": "dummy:7"},
    ],
)
def test_the_ends_of_the_ranges_are_allowed(good):
    ScanRequest(**good)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_limit_on_a_fit_is_the_algorithms_own_unless_one_is_given(name):
    assert ScanRequest(name).fit_limit_s() == find_reco(name).info.max_reco_time_s
    assert ScanRequest(name, max_reco_time_s=0.25).fit_limit_s() == 0.25


def test_the_command_line_has_the_same_defaults():
    request, parameters = ScanRequest(), inspect.signature(scan).parameters
    for name in ("reco", "nsides", "predictive_scanning_threshold"):
        assert parameters[name].default == getattr(request, name)
    assert parameters["max_reco_time"].default is request.max_reco_time_s is None


def test_an_event_with_too_few_doms_is_refused():
    three = toy_pulses()
    three = three.select((three.om == 28) & (three.string % 3 == 0))
    lonely = dataclasses.replace(three, hlc=np.zeros(len(three), bool))
    event = read_event(encode_event(make_header(1, 1, TOY_START), lonely))
    with pytest.raises(
        EventContentError, match=r"^SplitInIcePulses: 0 of 3 DOMs are left after cleaning, but dummy needs"
    ):
        prepare(event, ScanRequest("dummy"))


def test_what_is_fitted_is_the_cleaned_main_series():
    event = read_event(example_event().read_bytes())
    cleaned = prepare(event, ScanRequest())
    assert cleaned.nch == cleaned.pulses.n_dom > 100
    assert len(cleaned.pulses) == cleaned.npulses < len(event.pulses)
