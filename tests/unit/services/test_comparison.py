"""Two maps agree only if they are of the same event, pixels, NaN, llh and best pixel; what differs is counted."""

import dataclasses
import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import ResultError, SettingError
from skydriver.scan.pixels import children
from skydriver.services.comparison import TOLERANCE, compare, compare_files
from skydriver.skymap.cells import cells_of
from skydriver.skymap.columns import rows_from
from skydriver.skymap.npz_format import write_npz
from skydriver.skymap.regions import WILKS
from skydriver.skymap.skymap import EventIdentity, SkyMap

EVENT = EventIdentity(123456, 21, "", 6e4, is_real_event=True)
NONE = {1: [math.nan] * 3}
LLHS = st.lists(st.floats(0, 1e4) | st.just(math.nan), min_size=1, max_size=12)
STAGES = st.dictionaries(st.sampled_from([1, 2, 8]), LLHS, min_size=1)


def a_map(stages, event=EVENT):
    """A map with these llh at pixels 0, 1, 2, … or at the pixels that are named."""
    rows = {}
    for nside, llhs in stages.items():
        pairs = llhs.items() if isinstance(llhs, dict) else enumerate(llhs)
        rows[nside] = rows_from([(i, llh, *[0.0] * 6) for i, llh in pairs])
    return SkyMap(rows, dict.fromkeys(rows, True), event, None)


def swapped(stage):
    """What a stage is said to be with the maps the other way round."""
    return stage._replace(
        n_only_a=stage.n_only_b,
        n_only_b=stage.n_only_a,
        n_nan_only_a=stage.n_nan_only_b,
        n_nan_only_b=stage.n_nan_only_a,
    )


@given(STAGES)
def test_a_map_agrees_with_itself_whatever_is_in_it(stages):
    found = compare(a_map(stages), a_map(stages), 0.0)
    assert found.reasons == ()
    assert all((s.n_only_a, s.n_only_b, s.n_nan_only_a, s.n_nan_only_b) == (0, 0, 0, 0) for s in found.stages)
    assert {s.llh_largest for s in found.stages} | {s.rise_rms for s in found.stages} <= {0.0, None}
    if found.maps[0].best_fit is not None:
        assert (found.offset_deg, found.llh_offset, found.overlap90) == (0.0, 0.0, 1.0)


@given(STAGES, STAGES)
def test_which_map_is_first_does_not_matter(one, other):
    there, back = compare(a_map(one), a_map(other)), compare(a_map(other), a_map(one))
    assert [swapped(stage) for stage in there.stages] == [
        stage._replace(rise_rms=pytest.approx(stage.rise_rms), rise_largest=pytest.approx(stage.rise_largest))
        for stage in back.stages
    ]
    assert bool(there.reasons) == bool(back.reasons)
    assert there.overlap90 == back.overlap90
    assert there.offset_deg == pytest.approx(back.offset_deg)
    assert there.maps == back.maps[::-1]


@given(STAGES, STAGES)
def test_every_pixel_is_counted_once(one, other):
    found = compare(a_map(one), a_map(other))
    assert [stage.nside for stage in found.stages] == sorted(one.keys() | other.keys())
    for stage in found.stages:
        assert stage.n_both + stage.n_only_a == len(one.get(stage.nside, []))
        assert stage.n_both + stage.n_only_b == len(other.get(stage.nside, []))
        pairs = list(zip(one.get(stage.nside, []), other.get(stage.nside, []), strict=False))
        assert stage.n_nan_only_a == sum(math.isnan(a) and not math.isnan(b) for a, b in pairs)
        assert stage.n_nan_only_b == sum(math.isnan(b) and not math.isnan(a) for a, b in pairs)
        away = [abs(a - b) for a, b in pairs if not math.isnan(a + b)]
        assert stage.llh_largest == max(away, default=None)


@given(STAGES, st.sampled_from([-512.0, 64.0]))
def test_a_constant_is_told_apart_from_the_shape(stages, constant):
    """Rises above the minimum stay as they were, so do the regions; but the llh do not agree."""
    stages = {nside: [round(llh) if llh == llh else llh for llh in llhs] for nside, llhs in stages.items()}  # noqa: PLR0124 - not NaN
    found = compare(a_map(stages), a_map({n: [llh + constant for llh in llhs] for n, llhs in stages.items()}))
    if found.maps[0].best_fit is None:
        assert found.reasons == ()
        return
    assert (found.llh_offset, found.offset_deg, found.overlap90) == (constant, 0.0, 1.0)
    assert {stage.rise_largest for stage in found.stages} <= {0.0, None}
    assert all(f"llh differs by up to {abs(constant):.3g}" in reason for reason in found.reasons)
    assert found.reasons


def test_differences_of_each_stage_are_above_the_minima_of_the_maps():
    a = a_map({1: [5.0, 7.0, 9.0], 8: {3: 1.0, 4: 2.0}})
    b = a_map({1: [6.0, 7.0, 12.0], 8: {3: 1.5, 4: 2.0}})
    found = compare(a, b)
    coarse, fine = found.stages
    assert found.llh_offset == 0.5
    assert (coarse.llh_largest, coarse.rise_largest) == (3.0, 2.5)
    assert coarse.rise_rms == pytest.approx(math.sqrt((0.5**2 + 0.5**2 + 2.5**2) / 3))
    assert (fine.llh_largest, fine.rise_largest, fine.rise_rms) == (0.5, 0.5, pytest.approx(0.5 / math.sqrt(2)))


BASE = {1: [4.0, 3.0, 5.0, math.nan], 8: {3: 1.0, 4: 2.0}}
CHANGES = {
    "another event": (BASE, EVENT.event_id + 1, ["A is of run 123456 event 21, B of run 123456 event 22"]),
    "a pixel less": (BASE | {8: {3: 1.0}}, 21, ["nside-8: 1 pixels only in A, 0 only in B"]),
    "a pixel more": (BASE | {8: {3: 1.0, 4: 2.0, 5: 9.0}}, 21, ["nside-8: 0 pixels only in A, 1 only in B"]),
    "a stage less": ({8: BASE[8]}, 21, ["nside-1: 4 pixels only in A, 0 only in B"]),
    "NaN more": (BASE | {8: {3: 1.0, 4: math.nan}}, 21, ["nside-8: 0 pixels NaN only in A, 1 only in B"]),
    "NaN less": (BASE | {1: [4.0, 3.0, 5.0, 6.0]}, 21, ["nside-1: 1 pixels NaN only in A, 0 only in B"]),
    "an llh": (BASE | {1: [4.0, 3.5, 5.0, math.nan]}, 21, ["nside-1: llh differs by up to 0.5"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_difference_alone_is_the_reason(name):
    stages, event_id, reasons = CHANGES[name]
    other = a_map(stages, dataclasses.replace(EVENT, event_id=event_id))
    assert list(compare(a_map(BASE), other).reasons) == reasons


def test_another_best_pixel_is_a_reason_within_any_tolerance():
    a, b = a_map({8: [1.0, 1.0 + 1e-9]}), a_map({8: [1.0, 1.0 - 1e-9]})
    assert compare(a, b).reasons == ("the best fit of A is nside-8 pixel 0, of B nside-8 pixel 1",)
    none = compare(a, a_map({8: [math.nan, math.nan]}))
    assert none.reasons[-1] == "the best fit of A is nside-8 pixel 0, of B none"
    assert (none.offset_deg, none.llh_offset, none.overlap90) == (None, None, None)


@pytest.mark.parametrize("tolerance", [0.0, TOLERANCE, 0.25])
def test_the_tolerance_itself_is_within_it(tolerance):
    a, b = a_map({8: [0.0, 1.0]}), a_map({8: [0.0, 1.0 + tolerance]})
    difference = compare(a, b).stages[0].llh_largest
    assert compare(a, b, difference).reasons == ()
    if tolerance:
        assert compare(a, b, math.nextafter(difference, 0.0)).reasons != ()


def test_the_tolerance_is_that_of_equal_scans_on_different_machines():
    """PHYSICS, section 5."""
    assert TOLERANCE == 1e-6
    near, far = (a_map({8: [1.0, 2.0 + away]}) for away in (0.9e-6, 1.1e-6))
    assert compare(a_map({8: [1.0, 2.0]}), near).reasons == ()
    assert compare(a_map({8: [1.0, 2.0]}), far).reasons != ()


def test_regions_overlap_by_area_and_not_by_number_of_pixels():
    """A coarse pixel that is refined in one map only: its sixteen children are one pixel."""
    low = 0.49 * WILKS[0.9]
    a = a_map({1: {0: 0.0, 1: low, 2: 99.0}})
    b = a_map({1: {0: 0.0, 1: low, 2: 99.0}, 4: dict.fromkeys(children_of(1), low)})
    assert compare(a, b).overlap90 == 1.0
    half = {pixel: (low if at < 8 else 99.0) for at, pixel in enumerate(children_of(1))}
    assert compare(a, a_map({1: {0: 0.0, 1: low, 2: 99.0}, 4: half})).overlap90 == 0.75
    assert compare(a, a_map({1: {0: 0.0, 1: 0.51 * WILKS[0.9], 2: 99.0}})).overlap90 == 0.5
    assert compare(a, a_map({1: {2: 0.0}})).overlap90 == 0.0


def children_of(pixel):
    return children(1, [pixel], 4).ravel().tolist()


def test_best_fits_are_apart_by_the_angle_between_them():
    """Pixels 0 and 4 of nside 1 are at declinations of 41.8 and 0 degrees, 45 degrees of right ascension apart."""
    found = compare(a_map({1: {0: 0.0, 4: 9.0}}), a_map({1: {0: 9.0, 4: 0.0}}))
    dec = math.asin(2.0 / 3.0)
    assert found.offset_deg == pytest.approx(math.degrees(math.acos(math.cos(dec) * math.cos(math.pi / 4))))


@given(STAGES, STAGES)
def test_the_answer_is_json_and_says_what_the_comparison_does(one, other):
    found = compare(a_map(one), a_map(other))
    answer = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert answer["agree"] == (found.reasons == ())
    assert answer["reasons"] == list(found.reasons)
    assert [stage["n_both"] for stage in answer["stages"]] == [stage.n_both for stage in found.stages]


@pytest.mark.parametrize("tolerance", [-1e-9, math.nan, math.inf])
def test_a_tolerance_that_is_none_is_refused_before_anything_is_read(tmp_path, tolerance):
    for refuse in (
        lambda: compare(a_map(BASE), a_map(BASE), tolerance),
        lambda: compare_files(tmp_path, tmp_path, tolerance),
    ):
        with pytest.raises(SettingError) as refusal:
            refuse()
        assert refusal.value.argument == "tolerance"


def test_llh_that_cannot_be_subtracted_are_refused():
    with pytest.raises(ResultError, match=r"nside-8: an llh of -1e\+200 is too large to be compared"):
        compare(a_map(BASE), a_map({8: [1.0, -1e200]}))


def test_each_file_may_be_flipped(tmp_path):
    north, south = a_map({1: {0: 1.0, 1: 2.0}}), a_map({1: {8: 1.0, 9: 2.0}})
    a, b = write_npz(north, tmp_path / "a"), write_npz(south, tmp_path / "b")
    assert compare_files(a, b).reasons != ()
    assert compare_files(a, b, flipped_a=True).reasons == ()
    assert compare_files(a, b, flipped_b=True).reasons == ()
    assert compare_files(a, b, flipped_a=True, flipped_b=True).reasons != ()


def test_the_region_is_that_of_wilks():
    """2 delta-llh up to 4.61, of the finest pixels that there are."""
    edge = WILKS[0.9] / 2.0
    a, b = a_map({1: {0: 0.0, 1: edge, 2: edge * 1.001}}), a_map({1: {0: 0.0, 1: 0.0}})
    assert len(cells_of(a).pixel) == 3
    assert compare(a, b).overlap90 == 1.0
