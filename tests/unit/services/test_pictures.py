"""The pictures of a map: what the overview says of each kind of finding, and what is drawn of what there is."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from skydriver.errors import ResultError, SettingError
from skydriver.plots.skymap import ANSWER_COLOURS
from skydriver.plots.style import HEADLINE_COLOUR
from skydriver.services.pictures import FORMATS, USUAL, VIEWS, draw_picture, ending_of
from skydriver.services.publishing import publication_of
from skydriver.services.verdict import ANSWERS


def count(picture, colour):
    """Pixels of nearly this colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return np.sum(np.all(np.abs(picture.astype(int) - wanted) < 20, axis=-1))


@pytest.fixture(scope="module")
def pictures(by_hand):
    """The overview of each of three labels, and its answer."""
    shown = {label: by_hand.published(by_hand.findings(label)) for label in ("through-going", "starting", "cascade")}
    drawn = {label: Image.open(io.BytesIO(draw_picture("overview", one, USUAL))) for label, one in shown.items()}
    return {label: (np.asarray(picture.convert("RGB")), shown[label].answer) for label, picture in drawn.items()}


def test_it_shows_the_answer(pictures):
    assert [answered for _, answered in pictures.values()] == list(ANSWERS)
    for picture, answered in pictures.values():
        assert {name for name, colour in ANSWER_COLOURS.items() if count(picture[:180], colour) > 500} == {answered}


def test_it_shows_the_region_only_if_that_is_quoted(pictures):
    edge = {label: count(picture[700:], HEADLINE_COLOUR) for label, (picture, _) in pictures.items()}
    assert edge["through-going"] > edge["starting"] + 300
    assert edge["starting"] == edge["cascade"]


@pytest.mark.parametrize("view", [view.name for view in VIEWS if view.name != "event"])
def test_first_looks_and_sources_are_drawn_by_option(by_hand, view):
    shown = by_hand.published(by_hand.findings())
    usual = draw_picture(view, shown, USUAL)
    without = draw_picture(view, shown, USUAL._replace(first_looks=False))
    with_sources = draw_picture(view, shown, USUAL._replace(sources=shown.looks))
    assert len({usual, without, with_sources}) == 3


@pytest.mark.parametrize("width_in", [3.9, 40.1, float("nan")])
def test_a_width_that_is_none_is_refused(by_hand, width_in):
    with pytest.raises(SettingError, match=r"^width: "):
        draw_picture("zoom", by_hand.published(by_hand.findings()), USUAL._replace(width_in=width_in))


def test_a_view_and_a_format_that_are_none_are_refused(by_hand, tmp_path):
    with pytest.raises(SettingError, match=r"^view: "):
        draw_picture("side", by_hand.published(by_hand.findings()), USUAL)
    with pytest.raises(SettingError, match=r"^out: "):
        ending_of("zoom", tmp_path / "it.gif")


def test_every_view_has_an_ending_for_each_format(tmp_path):
    endings = [ending_of(view.name, tmp_path / f"it.{kind}") for view in VIEWS for kind in FORMATS]
    assert len(set(endings)) == len(VIEWS) * len(FORMATS)
    assert ending_of("overview", None) == "png"


def test_the_view_of_an_event_needs_the_event(by_hand):
    with pytest.raises(ResultError, match="--event"):
        draw_picture("event", by_hand.published(by_hand.findings()), USUAL)


def test_a_map_without_a_best_fit_cannot_be_published(by_hand):
    with pytest.raises(ResultError, match="no best fit"):
        by_hand.published(by_hand.findings(None, skymap=by_hand.without_values()))


def test_a_map_of_unknown_origin_is_drawn_and_says_so(by_hand):
    skymap = dataclasses.replace(by_hand.gaussian_map(), provenance=None)
    shown = publication_of(skymap, None, None, "millipede_original")
    assert shown.statement.startswith("Made by SkyDriver of a map of millipede_original, made elsewhere, ")
    assert draw_picture("overview", shown, USUAL).startswith(b"\x89PNG")
