"""What may be published of a map: the same from its files as from memory, and nothing where they contradict."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from skydriver.errors import ResultError, SettingError
from skydriver.services.product_table import PRODUCTS
from skydriver.services.publishing import UNKNOWN, Foreign, best_of, publication_of, read_publication
from skydriver.services.topology import LABELS
from skydriver.services.verdict import verdict
from skydriver.skymap.columns import rows_from
from skydriver.skymap.json_format import to_json
from skydriver.skymap.map_regions import level_quote
from skydriver.skymap.npz_format import to_npz
from skydriver.skymap.read import mirrored
from skydriver.skymap.skymap import SkyMap

OURS = Foreign()
OFFICIAL = Foreign("millipede_original", "ic160427a")


@pytest.fixture
def result(by_hand, tmp_path):
    """The files of a scan of a track, by their endings."""
    return by_hand.written(by_hand.findings(), tmp_path)


def change(result, **changes: object):
    """Write other values into the summary."""
    path = result["summary.json"]
    content = json.loads(path.read_bytes())
    for key, value in changes.items():
        content[key] = content[key] | value if isinstance(value, dict) else value
    path.write_text(json.dumps(content))


def saved(skymap, path):
    """A map alone in a file."""
    path.write_bytes(to_json(skymap) if path.suffix == ".json" else to_npz(skymap))
    return path


def elsewhere(skymap):
    """The same map, without provenance."""
    return dataclasses.replace(skymap, provenance=None)


def refused(path, foreign=OURS, error=ResultError):
    with pytest.raises(error) as refusal:
        read_publication(path, foreign)
    return str(refusal.value)


@pytest.mark.parametrize("kind", ["npz", "json"])
@pytest.mark.parametrize("label", LABELS)
def test_files_say_what_the_scan_knew(by_hand, tmp_path, label, kind):
    """All that products are made of: see test_publish for the bytes of these."""
    found = by_hand.findings(label, stated={"energy": 2e5})
    known = by_hand.published(found)
    kept = read_publication(by_hand.written(found, tmp_path)[kind], OURS)
    for field in dataclasses.fields(kept):
        if field.name not in {"quote", "cells"}:
            assert getattr(kept, field.name) == getattr(known, field.name), field.name
    assert kept.statement == known.statement
    np.testing.assert_array_equal(kept.cells, known.cells)
    assert (kept.quote is None) == (known.quote is None) == (label != "through-going")
    if kept.quote is not None:
        same = ("calibration", "tests_only", "sigma_sys_deg")
        assert [getattr(kept.quote, name) for name in same] == [getattr(known.quote, name) for name in same]
        for one, other in zip(kept.quote.outlines, known.quote.outlines, strict=True):
            assert repr(one) == repr(other)


@pytest.mark.parametrize("label", LABELS)
def test_what_was_found_is_what_is_published(by_hand, label):
    found = by_hand.findings(label, stated={"energy": 2e5})
    shown, judged = by_hand.published(found), verdict(found)
    assert (shown.algorithm, shown.algorithm_version) == ("pandel_mpe", "3")
    assert (shown.topology, shown.headline, shown.answer) == (label, found.headline.text, judged.answer)
    assert list(shown.reasons) == judged.as_dict()["reasons"]
    assert [tuple(look) for look in shown.looks] == [(look.name, look.ra_deg, look.dec_deg) for look in found.looks]
    assert shown.stated == {"energy": 2e5}


@pytest.mark.parametrize("tests_only", [True, False])
def test_a_calibration_for_tests_stays_one_and_another_does_not(result, tests_only):
    change(result, posterior={"tests_only": tests_only})
    assert read_publication(result["npz"], OURS).quote.tests_only is tests_only


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("run_id", {"run_id": 123457}),
        ("event_id", {"event_id": 22}),
        ("algorithm", {"algorithm": "pandel_mpf"}),
        ("partial", {"partial": True}),
        ("best_fit.nside", {"best_fit": {"nside": 128}}),
        ("best_fit.pixel", {"best_fit": {"pixel": 1}}),
    ],
)
def test_a_summary_of_another_map_is_refused(result, name, changes):
    change(result, **changes)
    for kind in ("npz", "json"):
        assert refused(result[kind]).startswith(f"the summary beside the map is of another one: its {name} is ")


def test_a_summary_without_a_best_fit_is_refused(result):
    change(result, best_fit=None)
    assert "its best_fit.nside is None, the map's 256" in refused(result["npz"])


def test_an_endless_name_in_a_summary_is_not_repeated(result):
    change(result, algorithm=9999 * "a", run_id=123456)
    assert len(refused(result["npz"])) < 200


@pytest.mark.parametrize("factor", [0.98, 1.02, 0.0, -1.0, 1e300])
def test_a_region_of_another_area_is_refused(result, by_hand, factor):
    area = by_hand.regions_of(by_hand.gaussian_map()).region90.area_deg2
    change(result, posterior={"area90_deg2": factor * area})
    assert "says an area of" in refused(result["npz"])


@pytest.mark.parametrize("factor", [0.995, 1.005])
def test_a_last_digit_of_the_area_does_not_matter(result, by_hand, factor):
    area = by_hand.regions_of(by_hand.gaussian_map()).region90.area_deg2
    change(result, posterior={"area90_deg2": factor * area})
    assert read_publication(result["npz"], OURS).quote.outline(0.9).area_deg2 == area


@pytest.mark.parametrize("sigma_deg", [0.7, 0.9, 0.01, 90.0])
def test_another_systematic_error_is_refused(result, sigma_deg):
    change(result, posterior={"sigma_sys_deg": sigma_deg})
    assert "says an area of" in refused(result["npz"])


@pytest.mark.parametrize("label", [label for label in LABELS if label != "through-going"])
def test_a_region_of_an_event_that_has_none_is_refused(result, label):
    change(result, topology={"label": label})
    assert refused(result["npz"]).endswith(f"contradicts itself: it quotes a region of a {label} event")


def test_a_region_without_its_posterior_is_refused(result):
    change(result, posterior=None)
    assert "contradicts itself" in refused(result["npz"])


@pytest.mark.parametrize("kind", ["npz", "json"])
def test_a_region_of_a_partial_map_is_refused(by_hand, tmp_path, kind):
    """Whatever the summary says."""
    partial = by_hand.with_provenance(by_hand.gaussian_map(), partial=True)
    result = by_hand.written(by_hand.findings(skymap=partial), tmp_path)
    change(result, headline={"kind": "region"}, posterior=None)
    assert "a partial map" in refused(result[kind])
    posterior = by_hand.regions_of(by_hand.gaussian_map()).as_dict()
    content = json.loads(result["summary.json"].read_bytes())
    result["summary.json"].write_text(json.dumps(content | {"posterior": posterior}))
    assert "a partial map" in refused(result[kind])


def test_why_nothing_is_quoted_is_said_of_every_label(by_hand, tmp_path):
    """In another way for each, and by name."""
    reasons = {}
    for label in LABELS:
        result = by_hand.written(by_hand.findings(label, calibrated=False), tmp_path / label)
        shown = read_publication(result["npz"], OURS)
        assert shown.quote is None
        reasons[label] = shown.why_not
    assert len(set(reasons.values())) == len(LABELS)
    assert "calibration" in reasons["through-going"]
    assert reasons["cascade"] == "it is a cascade: its direction is not known"
    assert "not known" in reasons["unknown"]
    assert all(label in reasons[label] and "diagnostic" in reasons[label] for label in ("starting", "skimming"))
    assert all(reason and not reason.endswith(".") for reason in reasons.values())


def test_a_map_without_calibration_quotes_nothing(by_hand, tmp_path):
    result = by_hand.written(by_hand.findings(calibrated=False), tmp_path)
    shown = read_publication(result["npz"], OURS)
    assert shown.why_not == "no calibration of pandel_mpe speaks of such events"
    assert "not included" in shown.statement


def test_a_map_without_summary_quotes_nothing(result):
    result["summary.json"].unlink()
    shown = read_publication(result["npz"], OURS)
    assert (shown.quote, shown.answer, shown.topology, shown.looks) == (None, "no", "unknown", ())
    assert "summary" in shown.why_not
    assert shown.stated is None, "what the event states is not known"


def test_a_partial_map_says_so_first(by_hand, tmp_path):
    """With and without a summary."""
    partial = by_hand.with_provenance(by_hand.gaussian_map(), partial=True)
    result = by_hand.written(by_hand.findings(skymap=partial), tmp_path)
    first = read_publication(result["npz"], OURS).why_not
    result["summary.json"].unlink()
    assert first == read_publication(result["npz"], OURS).why_not == "the scan was interrupted: the map is partial"


def test_a_map_from_elsewhere_is_quoted_by_levels_alone(by_hand, tmp_path):
    skymap = elsewhere(by_hand.gaussian_map())
    path = saved(skymap, tmp_path / "theirs.json")
    bare = read_publication(path, OURS)
    assert (bare.quote, bare.algorithm, bare.algorithm_version) == (None, UNKNOWN, "")
    assert "elsewhere" in bare.why_not
    quoted = read_publication(path, OFFICIAL)
    assert (quoted.algorithm, quoted.why_not) == ("millipede_original", "")
    expected = level_quote(skymap, OFFICIAL.levels, OFFICIAL.algorithm)
    assert [repr(line) for line in quoted.quote.outlines] == [repr(line) for line in expected.outlines]


def test_a_summary_beside_a_map_from_elsewhere_is_not_believed(by_hand, tmp_path):
    result = by_hand.written(by_hand.findings(), tmp_path)
    saved(elsewhere(by_hand.gaussian_map()), result["npz"])
    shown = read_publication(result["npz"], OURS)
    assert (shown.quote, shown.topology, shown.looks) == (None, "unknown", ())


def test_a_flipped_map_is_turned(by_hand, tmp_path):
    skymap = elsewhere(by_hand.gaussian_map())
    path = saved(mirrored(skymap), tmp_path / "old.json")
    turned = read_publication(path, dataclasses.replace(OFFICIAL, flipped_declination=True))
    right = read_publication(saved(skymap, tmp_path / "new.json"), OFFICIAL)
    assert turned.best == right.best == skymap.best_fit()
    assert read_publication(path, OFFICIAL).best.dec_deg == pytest.approx(-right.best.dec_deg)
    assert repr(turned.quote.outlines) == repr(right.quote.outlines)


def test_a_part_of_the_sky_must_be_said_to_be_one(by_hand, tmp_path):
    whole = elsewhere(by_hand.gaussian_map())
    kept = {8: np.unique(np.concatenate([np.arange(300), ancestors(whole.stages[256]["index"], 256, 8)]))}
    part = dataclasses.replace(whole, stages={8: whole.stages[8][kept[8]], 256: whole.stages[256]})
    path = saved(part, tmp_path / "part.json")
    assert "does not cover the sky" in refused(path)
    assert read_publication(path, Foreign(part_of_sky=True)).best == whole.best_fit()


def ancestors(pixel, nside, coarse):
    import hpgeom

    return hpgeom.angle_to_pixel(coarse, *hpgeom.pixel_to_angle(nside, pixel, nest=False), nest=False)


@pytest.mark.parametrize(
    ("foreign", "named"),
    [
        (Foreign("splinempe"), "algorithm"),
        (Foreign("a/b"), "algorithm"),
        (Foreign(""), "algorithm"),
        (Foreign(65 * "a"), "algorithm"),
        (Foreign(levels="ic160427a"), "levels"),
        (OFFICIAL, "levels"),
        (Foreign("pandel_mpe", "ic160427a"), "levels"),
        (Foreign(levels="ic170922a"), "levels"),
        (Foreign(flipped_declination=True), "flipped_declination"),
        (Foreign(part_of_sky=True), "part_of_sky"),
    ],
)
def test_our_own_map_needs_no_telling(result, foreign, named):
    assert refused(result["npz"], foreign, SettingError).startswith(f"{named}: ")


def test_our_own_map_may_be_told_what_it_says(result):
    assert read_publication(result["npz"], Foreign("pandel_mpe")).quote is not None


@pytest.mark.parametrize("name", ["a/b", "", "..", "a b", 65 * "a", "é"])
def test_a_map_from_elsewhere_needs_an_algorithm_with_a_name(by_hand, tmp_path, name):
    path = saved(elsewhere(by_hand.gaussian_map()), tmp_path / "theirs.json")
    assert refused(path, Foreign(name), SettingError).startswith("algorithm: ")


UNFIT = {
    "one pixel": {8: {5: 1.0}},
    "no value": dict.fromkeys([8], dict.fromkeys(range(768), np.nan)),
    "one value": {8: dict.fromkeys(range(768), np.nan) | {5: 1.0}},
    "no coarse stage": {256: {5: 1.0, 6: 2.0}},
    "no row": {},
}


@pytest.mark.parametrize("stages", UNFIT.values(), ids=UNFIT)
@pytest.mark.parametrize("ours", [True, False], ids=["ours", "theirs"])
@pytest.mark.parametrize("kind", ["npz", "json"])
def test_a_map_that_is_hardly_one_is_refused_in_a_sentence(by_hand, tmp_path, stages, ours, kind):
    made = by_hand.gaussian_map()
    rows = {nside: rows_from([(i, llh, *[0.0] * 6) for i, llh in row.items()]) for nside, row in stages.items()}
    skymap = SkyMap(rows, dict.fromkeys(rows, True), made.event, made.provenance if ours else None)
    path = saved(skymap, tmp_path / f"map.{kind}")
    if ours and kind == "json":
        (tmp_path / "map.provenance.json").write_bytes(made.provenance.to_json())
    said = refused(path)
    assert 10 < len(said) < 400
    assert "\n" not in said


def test_a_best_fit_is_needed(by_hand):
    with pytest.raises(ResultError, match="no best fit"):
        best_of(by_hand.without_values())
    with pytest.raises(ResultError, match="no best fit"):
        publication_of(by_hand.without_values(), None, None)


def test_every_product_that_quotes_needs_a_quote():
    """A notice, a circular, contours, and coverage maps of regions; no other tells of one."""
    needs = {product.ending: product.needs for product in PRODUCTS}
    assert {ending for ending, need in needs.items() if need in {"quote", "both"}} == {
        "moc50.fits",
        "moc90.fits",
        "contours.txt",
        "reg",
        "notice.json",
        "circular.txt",
    }
    assert {ending for ending, need in needs.items() if need == "both"} == {"notice.json", "circular.txt"}
