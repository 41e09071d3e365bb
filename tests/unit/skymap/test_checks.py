"""Maps that nothing can be made of are refused, each with a sentence that says why."""

import dataclasses
import math

import pytest

from skydriver.errors import ResultError
from skydriver.scan.pixels import children
from skydriver.skymap.checks import check_publishable
from skydriver.skymap.columns import rows_from
from skydriver.skymap.provenance import PixelError

FINE = children(1, [3, 5], 4).ravel().tolist()
PLAN = ((1, 0), (4, 2))


@pytest.fixture
def whole(new_map):
    """A map of the whole sky with one finer stage, as a scan writes it."""
    made = new_map({1: range(12)})
    provenance = dataclasses.replace(made.provenance, nsides=PLAN, errors=())
    return with_stages(dataclasses.replace(made, provenance=provenance), {1: range(12), 4: FINE})


def with_stages(skymap, pixels, complete=None):
    """The same map with other pixels, the first of each stage the best."""
    stages = {
        nside: rows_from([(i, at / nside, *[0.0] * 6) for at, i in enumerate(pixel)]) for nside, pixel in pixels.items()
    }
    return dataclasses.replace(skymap, stages=stages, complete=complete or dict.fromkeys(stages, True))


def from_elsewhere(skymap):
    return dataclasses.replace(skymap, provenance=None)


def said(skymap, **changes: object):
    """The same map with something else in its provenance."""
    return dataclasses.replace(skymap, provenance=dataclasses.replace(skymap.provenance, **changes))


def valued(skymap, **llhs: float):
    """The same map with all llh NaN but those of ``nside_pixel``."""
    stages = {}
    for nside, rows in skymap.stages.items():
        values = [llhs.get(f"n{nside}_{row['index']}", math.nan) for row in rows]
        stages[nside] = rows_from([(int(i), llh, *[0.0] * 6) for i, llh in zip(rows["index"], values, strict=True)])
    return dataclasses.replace(skymap, stages=stages)


def refused(skymap, **options: bool):
    with pytest.raises(ResultError) as refusal:
        check_publishable(skymap, **options)
    return str(refusal.value)


def test_a_whole_map_passes_and_its_best_fit_is_given(whole):
    assert check_publishable(whole) == whole.best_fit()
    assert check_publishable(from_elsewhere(whole)) == whole.best_fit()


def test_a_map_without_pixels_is_refused(new_map):
    assert refused(new_map({})) == "the map is empty: it has no pixel"


def test_a_map_without_values_is_refused(whole):
    assert refused(valued(whole)) == "the map has no best fit: the llh of all its pixels (44) is NaN"


def test_a_map_of_one_pixel_is_refused(whole, new_map):
    assert refused(new_map({8: [1.0]}, None)) == "only one pixel of the map has a value, nside-8 pixel 0"
    assert refused(valued(whole, n1_7=3.0)) == "only one pixel of the map has a value, nside-1 pixel 7"
    assert check_publishable(valued(whole, n1_7=3.0, n1_2=4.0)).pixel == 7


@pytest.mark.parametrize("stages", [{4: FINE}, {1: range(11), 4: children(1, [3], 4).ravel().tolist()}])
def test_a_map_without_its_coarse_stage_is_refused(whole, stages):
    lacking = from_elsewhere(with_stages(whole, stages))
    n, nside = (len(FINE), 4) if 1 not in stages else (11, 1)
    found = f"the coarsest stage, nside-{nside}, does not cover the sky ({n} of {12 * nside**2} pixels)"
    assert refused(lacking) == f"{found}, and nothing says that only a part of it was scanned"
    assert check_publishable(lacking, part_of_sky=True) == lacking.best_fit()


def test_a_part_of_the_sky_passes_if_the_map_says_so(whole):
    stages = {1: [3, 5, 6], 4: FINE}
    assert "does not cover the sky" in refused(with_stages(whole, stages))
    region = {"center": "1.0,2.0", "radius": "3.0"}
    assert check_publishable(said(with_stages(whole, stages), region=region))
    assert check_publishable(said(with_stages(whole, {1: range(3)}, {1: False}), partial=True))
    assert check_publishable(from_elsewhere(with_stages(whole, {1: range(3)}, {1: False})))


@pytest.mark.parametrize("part_of_sky", [False, True])
def test_a_fine_pixel_without_an_ancestor_is_refused(whole, part_of_sky):
    lost = children(1, [5], 4).min()
    orphan = with_stages(from_elsewhere(whole), {1: [3, 4], 4: FINE}, complete={1: False, 4: True})
    expected = f"nside-4 pixel {lost} lies in no pixel of the coarsest stage, nside-1"
    assert refused(orphan, part_of_sky=part_of_sky) == expected


def test_every_finer_stage_is_looked_at(whole):
    stages = {1: range(11), 4: children(1, [3], 4).ravel().tolist(), 8: children(1, [11], 8).ravel().tolist()}
    assert refused(with_stages(from_elsewhere(whole), stages), part_of_sky=True).startswith("nside-8 pixel")


CONTRADICTIONS = {
    "another scan": (
        lambda whole: said(whole, nsides=((1, 0), (8, 2))),
        "the provenance says a scan of nsides [1, 8], but the map has nside-4",
    ),
    "no first stage": (
        lambda whole: said(with_stages(whole, {4: range(192)}), partial=True),
        "the map lacks its coarse stage: the scan began with nside-1",
    ),
    "finished, but not complete": (
        lambda whole: with_stages(whole, {1: range(12), 4: FINE}, complete={1: True, 4: False}),
        "the provenance says that the scan was finished, but nside-4 is not complete",
    ),
    "finished, but a stage is missing": (
        lambda whole: with_stages(whole, {1: range(12)}),
        "the provenance says that the scan was finished, but nside-4 is missing",
    ),
    "further than it can be": (
        lambda whole: said(with_stages(whole, {1: range(12), 4: FINE}, complete={1: False, 4: True}), partial=True),
        "nside-1 is not complete, but the map has nside-4",
    ),
    "a failed pixel has a value": (
        lambda whole: said(whole, errors=(PixelError(1, 7, "lost"),)),
        "the provenance says that nside-1 pixel 7 has no value, the map does not",
    ),
    "a failed pixel is not there": (
        lambda whole: said(whole, errors=(PixelError(4, 0, "lost"),)),
        "the provenance says that nside-4 pixel 0 has no value, the map does not",
    ),
    "a failed pixel of no stage": (
        lambda whole: said(whole, errors=(PixelError(2, 7, "lost"),)),
        "the provenance says that nside-2 pixel 7 has no value, the map does not",
    ),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_map_that_contradicts_its_provenance_is_refused(whole, name):
    change, reason = CONTRADICTIONS[name]
    assert refused(change(whole)) == reason


def test_an_interrupted_scan_may_have_all_its_stages_complete(whole):
    """One that was interrupted before it had a pixel of the next."""
    assert check_publishable(said(with_stages(whole, {1: range(12)}), partial=True))


def test_a_later_stage_of_a_part_of_the_sky_may_be_empty(whole):
    assert check_publishable(said(with_stages(whole, {1: [3, 4]}), region={"radius": "1.0"}))
