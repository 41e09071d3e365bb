"""Whether a result may be used: every rule alone, broken and kept, and that the worst reason is the answer."""

import itertools

import pytest

from skydriver.services.headline import NOTHING
from skydriver.services.verdict import ANSWERS, verdict
from skydriver.skymap.provenance import PixelError


def told(judged, *words: str):
    """The answers of the reasons with all of these words."""
    return [reason.answer for reason in judged.reasons if all(word in reason.text for word in words)]


def test_a_track_that_is_enclosed_and_agrees_may_be_used(by_hand):
    judged = verdict(by_hand.findings())
    assert judged.answer == "yes"
    assert {reason.answer for reason in judged.reasons} == {"yes"}
    assert told(judged, "tests only") == ["yes"]
    assert told(judged, "variants") == ["yes"]


def changes(by_hand):
    """For each rule: what breaks it, the answer that it then gives, and words of its reason."""
    whole = by_hand.gaussian_map()
    errors = (PixelError(8, 1, "it failed"), PixelError(8, 2, "it failed"))
    looks = {
        "far": [by_hand.look_at(away_deg=3.0)],
        "one of two far": [by_hand.look_at("BestFit"), by_hand.look_at(away_deg=-3.0)],
    }
    variants = {
        "far": by_hand.of_variants(by_hand.variant("far", 3.0)),
        "failed": by_hand.of_variants(by_hand.variant(), by_hand.failed_variant),
        "edge": by_hand.of_variants(by_hand.variant("edge", at_edge=True)),
        "cut": by_hand.of_variants(by_hand.variant(), complete=False),
    }
    return {
        "partial": ({"skymap": by_hand.with_provenance(whole, partial=True)}, "no", ("partial",)),
        "all failed": ({"skymap": by_hand.without_values(), "label": None}, "no", ("no best fit",)),
        "no topology": ({"label": None}, "no", ("nothing can be said",)),
        "some failed": ({"skymap": by_hand.with_provenance(whole, errors=errors)}, "caution", ("2 pixels",)),
        "a part of the sky": (
            {"skymap": by_hand.with_provenance(whole, region={"radius": "3.0"})},
            "caution",
            ("only a part of the sky",),
        ),
        "at the edge": ({"topology": by_hand.topology_of("through-going").of_a_part(at_edge=True)}, "no", ("edge",)),
        "cascade": ({"label": "cascade"}, "no", ("cascade", "vertex")),
        "unknown": ({"label": "unknown"}, "no", ("no direction",)),
        "starting": ({"label": "starting"}, "caution", ("starting", "SplineMPE", "0.20 deg")),
        "skimming": ({"label": "skimming"}, "caution", ("skimming", "SplineMPE")),
        "no error": ({"label": "starting", "looks": [by_hand.look_at(error_deg=None)]}, "caution", ("no error",)),
        "no look": ({"label": "starting", "looks": []}, "no", ("no first look to use",)),
        "no calibration": ({"calibrated": False}, "no", ("no calibration",)),
        "truncated": ({"skymap": by_hand.gaussian_map(radius_deg=1.5)}, "caution", ("--enclose", "%")),
        "far look": ({"looks": looks["far"]}, "caution", ("SplineMPE", "deg away", "outside")),
        "one look far": ({"looks": looks["one of two far"]}, "caution", ("SplineMPE", "outside")),
        "far variant": ({"systematics": variants["far"]}, "caution", ("variant far", "3.00 deg", "outside")),
        "failed variant": ({"systematics": variants["failed"]}, "caution", ("variant failed", "it failed")),
        "variant at edge": ({"systematics": variants["edge"]}, "caution", ("variant edge", "at the edge")),
        "variants cut": ({"systematics": variants["cut"]}, "caution", ("interrupted",)),
        "wider scan cut": ({"interrupted": "wider scan"}, "caution", ("wider scan", "interrupted")),
    }


RULES = [
    "partial", "all failed", "no topology", "some failed", "a part of the sky", "at the edge", "cascade", "unknown",
    "starting", "skimming", "no error",
    "no look", "no calibration", "truncated", "far look", "one look far", "far variant", "failed variant",
    "variant at edge", "variants cut", "wider scan cut",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_what_breaks_a_rule_gives_its_answer_and_says_so(by_hand, rule):
    """And nothing says so where the rule is kept."""
    broken, answer, words = changes(by_hand)[rule]
    judged = verdict(by_hand.findings(**broken))
    assert judged.answer == answer
    assert told(judged, *words) == [answer]
    kept = by_hand.findings(systematics=by_hand.of_variants(by_hand.variant()))
    assert told(verdict(kept), *words) == []


def test_every_rule_is_tried(by_hand):
    assert list(changes(by_hand)) == RULES


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pair
        for pair in itertools.combinations(["partial", "some failed", "cascade", "starting", "far look", "cut"], 2)
        if set(pair) not in ({"partial", "some failed"}, {"cascade", "starting"})  # both change the same
    ],
)
def test_the_worst_reason_is_the_answer_and_comes_first(by_hand, first, second):
    rules = changes(by_hand)
    rules["cut"] = rules["wider scan cut"]
    judged = verdict(by_hand.findings(**rules[first][0] | rules[second][0]))
    answers = [reason.answer for reason in judged.reasons]
    assert answers == sorted(answers, key=ANSWERS.index, reverse=True)
    assert judged.answer == answers[0] == max(rules[first][1], rules[second][1], key=ANSWERS.index)
    assert set(judged.as_dict()) == {"answer", "reasons"}
    assert judged.as_dict()["answer"] == judged.answer
    assert judged.as_dict()["reasons"] == [f"{answer}: {text}" for answer, text in judged.reasons]


@pytest.mark.parametrize("away_deg", [0.0, 1.0, 1.5])
def test_looks_inside_the_region_agree(by_hand, away_deg):
    """The 90 % region of 0.3 and 0.8 degrees reaches 1.8."""
    judged = verdict(by_hand.findings(looks=[by_hand.look_at(away_deg=away_deg)]))
    assert (judged.answer, told(judged, "SplineMPE", "inside")) == ("yes", ["yes"])


def test_a_cascades_direction_and_a_fit_that_failed_are_not_compared(by_hand):
    judged = verdict(by_hand.findings(looks=[by_hand.look_at("cascade", 50.0, is_track=False)]))
    assert (judged.answer, told(judged, "no first look to compare")) == ("yes", ["yes"])


def test_a_variant_inside_the_region_or_whose_own_region_holds_the_result_agrees(by_hand):
    inside = by_hand.variant("inside", 1.0)
    noisy = by_hand.variant("noisy", 2.5, region=by_hand.wide_region())
    judged = verdict(by_hand.findings(systematics=by_hand.of_variants(inside, noisy)))
    assert judged.answer == "yes"
    assert told(judged, "variant inside") == []
    assert told(judged, "variant noisy", "statistics") == ["yes"]
    assert told(judged, "2 variants", "2.50 deg away (noisy)") == ["yes"]


def test_a_partial_map_speaks_of_no_variants(by_hand):
    partial = by_hand.with_provenance(by_hand.gaussian_map(), partial=True)
    judged = verdict(by_hand.findings(None, skymap=partial, interrupted="scan", headline=NOTHING))
    assert judged.answer == "no"
    assert told(judged, "variants") == []


def test_a_sliver_outside_is_told_and_does_no_harm(by_hand):
    regions = by_hand.regions_of(by_hand.gaussian_map(radius_deg=1.87))
    assert 0.0 < regions.share_outside < 0.01
    judged = verdict(by_hand.findings(skymap=by_hand.gaussian_map(radius_deg=1.87)))
    assert regions.truncated
    assert (judged.answer, told(judged, "less than 1%")) == ("yes", ["yes"])


@pytest.mark.parametrize("label", ["cascade", "unknown", "starting", "skimming"])
def test_nothing_is_measured_by_the_region_of_an_event_that_none_is_quoted_of(by_hand, label):
    """No area or error of an event that the map is unfit for; that the variants were interrupted is told still."""
    variants = by_hand.of_variants(by_hand.variant("far", 3.0), complete=False)
    found = by_hand.findings(label=label, systematics=variants, skymap=by_hand.gaussian_map(radius_deg=1.5))
    judged = verdict(found)
    assert found.regions is not None
    for words in ("90%", "region", "three-alert", "tests only", "per axis", "variant far"):
        assert told(judged, words) == []
    assert told(judged, "variants were interrupted") == ["caution"]


@pytest.mark.parametrize("change", ["partial", "all failed"])
def test_a_scan_without_a_result_is_not_said_to_be_of_an_algorithm_that_fits_no_track(by_hand, change):
    judged = verdict(by_hand.findings(**{"label": None} | changes(by_hand)[change][0]))
    assert [reason.answer for reason in judged.reasons] == ["no"]
    assert told(judged, "fits no track") == []
