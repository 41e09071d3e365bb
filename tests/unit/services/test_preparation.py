"""What is refused before a scan begins."""

import dataclasses
import inspect

import numpy as np
import pytest

from skydriver.cli.scan import scan
from skydriver.errors import EventContentError, SettingError
from skydriver.events.realtime import read_event
from skydriver.events.selection import Selection
from skydriver.events.writer import encode_event, make_header
from skydriver.recos.registry import ALGORITHMS, find_reco
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import MAX_WORKERS, ScanRequest, prepare
from skydriver.services.result import provenance
from skydriver.simulation.events import example_event
from skydriver.testing.events import TOY_START, toy_event, toy_pulses

ODD_LEFT_OUT = Selection(exclude_strings=tuple(range(1, 87, 2)))


@pytest.mark.parametrize(
    ("argument", "values"),
    [
        ("reco", ["", "millipede", "dummy:x", "dummy:1:2:3", "crash_dummy:nan", "crash_dummy:1:sulk"]),
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
    assert parameters["pulses"].default is request.selection.series is None
    for name in ("exclude_strings", "exclude_doms", "deepcore", "time_window", "exclude_windows"):
        assert not parameters[name].default
        assert not getattr(request.selection, name)


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


def test_what_is_fitted_lacks_what_the_request_excludes():
    event = read_event(example_event().read_bytes())
    usual, less = prepare(event, ScanRequest()), prepare(event, ScanRequest(selection=ODD_LEFT_OUT))
    assert less.pulses == usual.pulses.select(usual.pulses.string % 2 == 0)
    assert less.n_excluded == len(usual.pulses) - len(less.pulses) > 0


def test_too_few_doms_after_the_selection_are_refused_by_the_series_that_was_chosen():
    event = read_event(toy_event())
    event = dataclasses.replace(event, series={**event.series, "Others": event.pulses})
    everything = Selection("Others", exclude_strings=tuple(range(1, 87)))
    with pytest.raises(
        EventContentError, match=r"^Others: 0 of 40 DOMs are left after cleaning and selection, but dummy needs"
    ):
        prepare(event, ScanRequest("dummy", selection=everything))


def test_a_series_that_the_event_lacks_is_refused():
    with pytest.raises(SettingError, match=r"^pulses: the event has no pulse series 'None', only I3SuperDST"):
        prepare(read_event(toy_event()), ScanRequest("dummy", selection=Selection("None")))


def test_the_map_says_which_pulses_were_fitted():
    event = read_event(toy_event())
    for selection in (Selection(), ODD_LEFT_OUT, Selection("I3SuperDST", deepcore=True)):
        request = ScanRequest("dummy", "1:0", selection=selection)
        cleaned = prepare(event, request)
        found = provenance(LocalScan(request, cleaned.pulses, event.header.mjd), event, cleaned, [])
        assert found.selection == selection.described()
        assert found.pulse_series == (selection.series or event.main_series)
        assert found.counts["n_excluded"] == cleaned.n_excluded
        assert ("DeepCore kept" in found.cleaning) == selection.deepcore
