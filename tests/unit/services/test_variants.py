"""Which variants there are: each changes one thing of the nominal request, and can be told from it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import EventContentError, SettingError
from skydriver.events.realtime import load_event, read_event
from skydriver.events.selection import Selection, parse_strings
from skydriver.events.writer import encode_event, make_header
from skydriver.recos.registry import find_reco
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.services.variants import SAME, UnfitVariant, prepare_variants, variants_of
from skydriver.simulation.events import example_event
from skydriver.testing.events import TOY_START, toy_event, toy_pulses

TOY = read_event(toy_event())
FAULTY = dataclasses.replace(
    TOY, time_windows={"SaturationWindows": {(44, 30): ((0.0, 1.0),)}, "CalibrationErrata": {(45, 30): ((0.0, 1.0),)}}
)
OPTION_NAMES = ("length_33", "length_40", "length_50", "length_60", "jitter_8", "jitter_25", "photons_1", "photons_10")
PULSE_NAMES = ("odd_strings", "even_strings", "deepcore", "without_bright", "without_saturated", "without_errata")


def names(variants):
    return tuple(variant.name for variant in variants)


def settings_of(reco, selection):
    """Everything that a variant may change, by name."""
    algorithm = find_reco(reco)
    options = {"length": algorithm.length_m, "jitter": algorithm.jitter_ns, "photons": algorithm.max_photons}
    return options | {field.name: getattr(selection, field.name) for field in dataclasses.fields(selection)}


def changes(variant, request):
    """What a variant has other than the request: the new values by name."""
    nominal = settings_of(request.reco, request.selection)
    found = settings_of(variant.reco, variant.selection)
    return {name: value for name, value in found.items() if value != nominal[name]}


RECOS = st.builds(
    "pandel_mpe:photons={}:length={}:jitter={}".format,
    st.sampled_from([1, 5, 7.5, 10]),
    st.sampled_from([33.3, 40, 45.0, "50.", 60, 77.7]),
    st.sampled_from([8, 15, "25.0"]),
)
SELECTIONS = st.builds(
    Selection,
    series=st.sampled_from([None, TOY.main_series]),
    exclude_strings=st.sets(st.integers(1, 86)) | st.sampled_from([parse_strings("odd"), parse_strings("even")]),
    exclude_doms=st.sets(st.sampled_from(["bright", "errata", "saturated", "1-1"])).map(tuple),
    deepcore=st.booleans(),
    time_window=st.sampled_from([None, (0.0, 10_000.0)]),
)


@given(RECOS | st.just("pandel_mpe"), SELECTIONS)
def test_each_variant_changes_exactly_one_thing_of_the_request(reco, selection):
    request = ScanRequest(reco, selection=selection)
    variants = variants_of(request, FAULTY)
    assert len(set(names(variants))) == len(variants)
    for variant in variants:
        assert len(changes(variant, request)) == 1
        assert (variant.reco == reco) == (variant.name in PULSE_NAMES)
        assert set(selection.exclude_strings) <= set(variant.selection.exclude_strings)
        assert set(selection.exclude_doms) <= set(variant.selection.exclude_doms)
        assert dataclasses.replace(request, reco=variant.reco, selection=variant.selection) == variant.request(request)


def test_the_usual_request_has_these_variants():
    assert names(variants_of(ScanRequest(), FAULTY)) == OPTION_NAMES + PULSE_NAMES


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("length_33", "length", 33.3),
        ("length_40", "length", 40.0),
        ("length_50", "length", 50.0),
        ("length_60", "length", 60.0),
        ("jitter_8", "jitter", 8.0),
        ("jitter_25", "jitter", 25.0),
        ("photons_1", "photons", 1.0),
        ("photons_10", "photons", 10.0),
        ("deepcore", "deepcore", True),
        ("even_strings", "exclude_strings", parse_strings("odd")),
        ("odd_strings", "exclude_strings", parse_strings("even")),
        ("without_bright", "exclude_doms", ("bright",)),
        ("without_saturated", "exclude_doms", ("saturated",)),
        ("without_errata", "exclude_doms", ("errata",)),
    ],
)
def test_a_variant_is_what_its_name_says(name, option, value):
    request = ScanRequest()
    (variant,) = (variant for variant in variants_of(request, FAULTY) if variant.name == name)
    assert changes(variant, request) == {option: value}


@pytest.mark.parametrize(
    ("option", "name"),
    [("length=33.3", "length_33"), ("length=60", "length_60"), ("jitter=8.", "jitter_8"), ("photons=10", "photons_10")],
)
def test_the_nominal_value_is_no_variant(option, name):
    there = names(variants_of(ScanRequest(f"pandel_mpe:{option}"), FAULTY))
    assert there == tuple(other for other in OPTION_NAMES + PULSE_NAMES if other != name)


def test_faulty_doms_are_left_out_only_where_the_event_names_some():
    assert names(variants_of(ScanRequest(), TOY)) == OPTION_NAMES + PULSE_NAMES[:4]


def test_a_request_that_keeps_deepcore_has_a_variant_without():
    request = ScanRequest(selection=Selection(deepcore=True))
    (variant,) = (variant for variant in variants_of(request, TOY) if variant.name == "deepcore")
    assert not variant.selection.deepcore


@pytest.mark.parametrize("reco", ["dummy", "dummy:3", "crash_dummy"])
def test_other_algorithms_have_no_variants(reco):
    with pytest.raises(SettingError, match=rf"^systematics: .*not of {reco.partition(':')[0]}$"):
        variants_of(ScanRequest(reco), TOY)


@pytest.fixture(scope="module")
def example():
    return load_event(example_event())


def test_odd_and_even_strings_part_the_nominal_pulses(example):
    usual = prepare(example, ScanRequest()).pulses
    fit = {prepared.variant.name: prepared for prepared in prepare_variants(example, ScanRequest()).fit}
    assert fit["odd_strings"].pulses == usual.select(usual.string % 2 == 1)
    assert fit["even_strings"].pulses == usual.select(usual.string % 2 == 0)
    assert fit["length_33"].pulses == usual
    assert fit["length_33"].model.reco == "pandel_mpe:length=33.3:jitter=15.0:photons=5.0"
    assert fit["odd_strings"].model.pulses == fit["odd_strings"].pulses


def test_variants_with_the_nominal_fits_are_not_fitted_and_say_why():
    """The toy has no pulse in DeepCore and no bright DOM, and DOM 1-1 is faulty but dark."""
    event = dataclasses.replace(TOY, time_windows={"SaturationWindows": {(1, 1): ((0.0, 1.0),)}})
    prepared = prepare_variants(event, ScanRequest())
    assert tuple(one.variant.name for one in prepared.fit) == (*OPTION_NAMES, "odd_strings", "even_strings")
    assert prepared.unfit == tuple(UnfitVariant(f"{name}", SAME) for name in PULSE_NAMES[2:5])


def with_few_even_doms():
    """All of the toy's DOMs on odd strings, one on each of the even ones."""
    pulses = toy_pulses()
    kept = (pulses.string % 2 == 1) | (pulses.om == 30)
    return read_event(encode_event(make_header(1, 1, TOY_START), pulses.select(kept)))


def test_a_variant_with_too_few_doms_is_unfit_and_says_why():
    prepared = prepare_variants(with_few_even_doms(), ScanRequest())
    assert tuple(one.variant.name for one in prepared.fit) == (*OPTION_NAMES, "odd_strings")
    unfit, *same = prepared.unfit
    assert [one.reason for one in same] == [SAME] * 2
    assert unfit.name == "even_strings"
    assert "4 of 24 DOMs are left after cleaning and selection" in unfit.reason


def test_too_few_nominal_doms_are_refused():
    nothing = ScanRequest(selection=Selection(exclude_strings=tuple(range(1, 87))))
    with pytest.raises(EventContentError, match="0 of 40 DOMs"):
        prepare_variants(TOY, nothing)


def test_a_real_event_with_faulty_doms_has_variants_without_them(real_event):
    event = load_event(real_event("hese_event_02"))
    fit = {prepared.variant.name: prepared.pulses for prepared in prepare_variants(event, ScanRequest()).fit}
    usual = prepare(event, ScanRequest()).pulses
    assert set(fit) == {*OPTION_NAMES, *PULSE_NAMES}
    for name, faults in (("without_saturated", "SaturationWindows"), ("without_errata", "CalibrationErrata")):
        faulty = set(event.time_windows[faults])
        kept = [module not in faulty for module in zip(usual.string.tolist(), usual.om.tolist(), strict=True)]
        assert fit[name] == usual.select(np.array(kept))
        assert fit[name] != usual
