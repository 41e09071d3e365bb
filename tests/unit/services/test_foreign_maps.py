"""Maps from elsewhere: what is wrong with where or under what name to write is told first; what is quoted is said."""

import datetime as dt
import json

import pytest

from skydriver.errors import ResultError, SettingError
from skydriver.services import publish as module
from skydriver.services.product_kinds import Kind
from skydriver.services.product_table import Product, ProductOptions
from skydriver.services.publish import Request, publish
from skydriver.services.publishing import Foreign, read_publication

OPTIONS = ProductOptions(dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
HEAD = {"nside": 1, "complete": True, "run_id": 1, "event_id": 2, "event_type": "", "mjd": 60000.0, "version": 0}
ROWS = [[pixel, 100.0 + pixel, 0.0, 0.0] for pixel in range(12)]


@pytest.fixture
def result(tmp_path):
    """A map that was made elsewhere."""
    path = tmp_path / "map.json"
    stage = {"columns": ["index", "llh", "E_in", "E_tot"], "metadata": {**HEAD, "is_real_event": False}, "data": ROWS}
    path.write_text(json.dumps({"nside-1": stage}))
    return path


@pytest.fixture
def asked_for(monkeypatch):
    """The products that were begun; each fails."""
    begun = []

    def fail(_shown, _options):
        begun.append("json")
        raise ResultError("it cannot be made")

    monkeypatch.setattr(module, "PRODUCTS", (Product(Kind("json", "", "nothing"), fail),))
    return begun


def test_a_folder_that_is_made_for_nothing_is_taken_away(result, asked_for, tmp_path):
    with pytest.raises(ResultError, match="it cannot be made"):
        publish(Request(result, tmp_path / "one" / "two", None, OPTIONS, Foreign()))
    assert asked_for == ["json"]
    assert list(tmp_path.iterdir()) == [result]


def test_a_file_in_the_folders_place_is_noticed_before_anything_is_made(result, asked_for):
    with pytest.raises(ResultError, match="cannot make the folder"):
        publish(Request(result, result, None, OPTIONS, Foreign()))
    assert asked_for == []


@pytest.mark.parametrize("name", ["a/b", "", "..", "a b"])
def test_an_algorithm_that_no_file_can_be_named_for_is_refused_at_once(result, asked_for, tmp_path, name):
    with pytest.raises(SettingError, match="algorithm"):
        publish(Request(result, tmp_path / "out", None, OPTIONS, Foreign(name)))
    assert asked_for == []
    assert list(tmp_path.iterdir()) == [result]


def test_a_picture_with_published_levels_does_not_say_that_nothing_is_quoted(result):
    """Its regions are drawn, and stand in the headers of files."""
    shown = read_publication(result, Foreign("millipede_original", "ic160427a"))
    assert shown.quote is not None
    assert shown.headline == "regions by ic160427a"
    assert read_publication(result, Foreign("millipede_original")).headline == "nothing is quoted"
