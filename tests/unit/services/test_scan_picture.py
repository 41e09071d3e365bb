"""The picture of a scan: what it says of each kind of finding, and that it is drawn of each."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image
from skydriver.services.picture import draw

from skydriver.errors import ResultError
from skydriver.plots.skymap import ANSWER_COLOURS
from skydriver.plots.style import HEADLINE_COLOUR
from skydriver.services.verdict import ANSWERS, verdict


def count(picture, colour):
    """Pixels of nearly this colour."""
    wanted = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)])
    return np.sum(np.all(np.abs(picture.astype(int) - wanted) < 20, axis=-1))


@pytest.fixture(scope="module")
def pictures(by_hand):
    """The picture of each of three labels, and its answer."""
    found = {label: by_hand.findings(label) for label in ("through-going", "starting", "cascade")}
    judged = {label: verdict(one) for label, one in found.items()}
    drawn = {label: Image.open(io.BytesIO(draw(one, judged[label]))).convert("RGB") for label, one in found.items()}
    return {label: (np.asarray(picture), judged[label].answer) for label, picture in drawn.items()}


def test_it_shows_the_answer(pictures):
    assert [answer for _, answer in pictures.values()] == list(ANSWERS)
    for picture, answer in pictures.values():
        shown = {name for name, colour in ANSWER_COLOURS.items() if count(picture[:180], colour) > 500}
        assert shown == {answer}


def test_it_shows_the_region_only_if_that_is_quoted(pictures):
    edge = {label: count(picture[700:], HEADLINE_COLOUR) for label, (picture, _) in pictures.items()}
    assert edge["through-going"] > edge["starting"] + 300
    assert edge["starting"] == edge["cascade"]


def test_without_a_best_fit_or_a_provenance_there_is_none(by_hand):
    maps = (by_hand.without_values(), dataclasses.replace(by_hand.gaussian_map(), provenance=None))
    for skymap in maps:
        found = by_hand.findings(None, skymap=skymap)
        with pytest.raises(ResultError, match="has no picture"):
            draw(found, verdict(found))
