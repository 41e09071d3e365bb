"""The answer as plain objects: of every kind of finding the same keys, and nothing that JSON has no word for."""

import dataclasses
import json
import math

import numpy as np
import pytest

from skydriver.events.realtime import load_event
from skydriver.services.answer import answer
from skydriver.services.first_looks import FirstLook
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.services.topology import LABELS, LLH_RATIO, topology
from skydriver.services.verdict import verdict
from skydriver.simulation.events import example_event
from skydriver.skymap.provenance import PixelError

KINDS = [*LABELS, None, "all failed", "partial", "variants", "no variant", "no provenance"]


@pytest.fixture
def answer_of(by_hand):
    """A function from a kind of finding to its answer."""
    whole = by_hand.gaussian_map()
    special = {
        "all failed": {"label": None, "skymap": by_hand.without_values()},
        "partial": {"label": None, "skymap": by_hand.with_provenance(whole, partial=True), "interrupted": "scan"},
        "variants": {"systematics": by_hand.of_variants(by_hand.variant(), by_hand.failed_variant)},
        "no variant": {"systematics": by_hand.of_variants()._replace(spread=None, complete=False)},
        "no provenance": {"label": None, "skymap": dataclasses.replace(whole, provenance=None)},
    }

    def make(kind):
        found = by_hand.findings(**special.get(kind, {"label": kind}))
        return answer(found, verdict(found))

    return make


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_json_with_the_same_keys_whatever_was_found(answer_of, kind):
    content = answer_of(kind)
    assert json.loads(json.dumps(content, allow_nan=False)) == content
    assert list(content) == list(answer_of("through-going"))


def test_it_says_what_was_found(answer_of, by_hand):
    content = answer_of("through-going")
    regions, best = by_hand.regions_of(by_hand.gaussian_map()), by_hand.gaussian_map().best_fit()
    assert content["best_fit"] == best._asdict()
    assert content["topology"]["label"] == "through-going"
    assert content["headline"]["area90_deg2"] == content["posterior"]["area90_deg2"] == regions.region90.area_deg2
    assert content["wilks"]["area90_deg2"] == regions.wilks90.area_deg2
    assert content["offsets"][0]["deg"] == pytest.approx(0.1, abs=0.2)
    assert (content["systematics"], content["interrupted"]) == (None, None)
    assert content["verdict"]["answer"] == "yes"


def test_without_a_topology_it_is_unknown_and_there_are_no_regions(answer_of):
    content = answer_of(None)
    assert content["topology"] == {"label": "unknown", "fit_quality": None, "evidence": []}
    assert (content["posterior"], content["wilks"], content["headline"]["kind"]) == (None, None, "none")
    assert content["verdict"]["answer"] == "no"


@pytest.mark.parametrize("label", LABELS)
def test_an_area_is_told_only_of_an_event_whose_region_is_quoted(answer_of, by_hand, label):
    content = answer_of(label)
    assert by_hand.findings(label=label).regions is not None
    quoted = content["headline"]["kind"] == "region"
    assert quoted == (label == "through-going")
    assert [content[key] is not None for key in ("posterior", "wilks")] == [quoted, quoted]


def test_what_came_with_the_event_is_told_in_full(by_hand):
    look = by_hand.look_at()
    found = by_hand.findings(looks=[look], stated={"reco.energy.mpe_muex": 17235.4})
    content = answer(found, verdict(found))
    assert content["event_stated"] == {"reco.energy.mpe_muex": 17235.4}
    assert [FirstLook(**item) for item in content["first_looks"]] == [look]


def test_without_a_best_fit_there_is_no_offset(answer_of):
    content = answer_of("all failed")
    assert (content["best_fit"], content["offsets"]) == (None, [])


def test_an_interrupt_is_told(answer_of):
    assert (answer_of("partial")["partial"], answer_of("partial")["interrupted"]) == (True, "scan")


def test_of_variants_all_is_told_but_their_pixels(answer_of):
    one, failed = answer_of("variants")["systematics"]["variants"]
    assert "region" not in one
    assert (one["name"], one["offset_deg"], one["error"]) == ("one", 0.0, None)
    assert (failed["offset_deg"], failed["error"]) == (None, "it failed")
    nothing = answer_of("no variant")["systematics"]
    assert (nothing["complete"], nothing["variants"], nothing["spread_deg"]) == (False, [], None)


def test_pixels_that_failed_are_counted(by_hand):
    skymap = by_hand.with_provenance(by_hand.gaussian_map(), errors=(PixelError(8, 1, "it failed"),))
    found = by_hand.findings(skymap=skymap)
    assert answer(found, verdict(found))["n_failed"] == 1


@pytest.fixture(scope="module")
def example():
    """The bundled event and its cleaned pulses."""
    event = load_event(example_event())
    return event, prepare(event, ScanRequest()).pulses


@pytest.mark.parametrize("ratio", [math.inf, -math.inf, math.nan])
def test_what_the_event_says_is_told_only_if_it_is_a_number(by_hand, example, ratio):
    event = dataclasses.replace(example[0], scalars={LLH_RATIO: ratio, "HESE_VHESelfVeto": False})
    pulses = example[1].select(np.arange(len(example[1])) % 5 == 0)
    found = by_hand.findings(topology=topology(event, pulses, (0.0, 0.6, 0.8), (0.0, 0.0, 0.0), 10_000.0))
    content = answer(found, verdict(found))
    assert LLH_RATIO not in {item["what"] for item in content["topology"]["evidence"]}
    assert json.loads(json.dumps(content, allow_nan=False)) == content


@pytest.mark.parametrize("label", LABELS)
def test_variants_tell_areas_and_errors_only_where_a_region_is_quoted(by_hand, label):
    """Where they lie is told of every event."""
    found = by_hand.findings(label=label, systematics=by_hand.of_variants(by_hand.variant("far", 3.0)))
    told = answer(found, verdict(found))["systematics"]
    whole = found.systematics.as_dict()
    sizes = [told["spread_deg"], told["envelope_area_deg2"], told["envelope_radius_deg"]]
    sizes += [variant["area_deg2"] for variant in told["variants"]]
    assert [size is not None for size in sizes] == [label == "through-going"] * len(sizes)
    assert list(told) == list(whole)
    assert [variant["offset_deg"] for variant in told["variants"]] == [3.0]
    assert told["largest_deg"] == whole["largest_deg"] == 3.0
