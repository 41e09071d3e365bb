"""Events with their truth: where they are found, and what is said where they are not."""

from __future__ import annotations

import json

import pytest

from skydriver.errors import SettingError
from skydriver.services.calibration.known_events import Simulated, known_events, source_of
from skydriver.simulation.events import simulate
from skydriver.simulation.truth import KINDS


@pytest.fixture
def folder(tmp_path):
    for seed in (1, 2):
        made = simulate(seed)
        (tmp_path / f"e{seed}.json").write_bytes(made.event_json)
        (tmp_path / f"e{seed}.truth.json").write_bytes(made.truth_json)
    return tmp_path


def found(*names: object, n=0, kind="through_going", seed=1):
    return known_events(map(str, names), n, kind, seed)


def test_a_folder_is_its_events_and_each_counts_once(folder):
    (folder / "notes.json").write_text("{}")
    (folder / "again.json").write_bytes((folder / "e1.json").read_bytes())
    (folder / "again.truth.json").write_bytes((folder / "e1.truth.json").read_bytes())
    events = found(folder, folder / "e2.json")
    assert [event.name for event in events] == ["again", "e2"]


def test_files_and_simulated_events_are_the_same_events(folder):
    from_files, made = found(folder), found(n=2)
    assert [event.load() for event in from_files] == [event.load() for event in made]
    assert {event.key for event in from_files}.isdisjoint(event.key for event in made)


def test_another_truth_is_another_event(folder):
    before = found(folder / "e1.json")[0].key
    (folder / "e1.truth.json").write_text(json.dumps({"zenith_rad": 1.0, "azimuth_rad": 2}))
    (event,) = found(folder / "e1.json")
    assert event.key != before
    assert event.load()[1] == (1.0, 2.0, None)


@pytest.mark.parametrize("truth", ["", "[]", "{}", '{"zenith_rad": 4, "azimuth_rad": 0}', '{"zenith_rad": NaN}'])
def test_what_is_no_truth_is_named(folder, truth):
    (folder / "e1.truth.json").write_text(truth)
    with pytest.raises(SettingError, match=r"^events: .*e1\.truth\.json is no truth: "):
        found(folder)


def test_what_is_missing_is_named(folder):
    for names, problem in (
        ([], "are missing: give files"),
        ([folder / "x.json"], "x.json cannot be read: No such file"),
        ([folder / "e1.truth.json"], "cannot be read: No such file"),
    ):
        with pytest.raises(SettingError, match=f"^events: .*{problem}"):
            found(*names)
    (folder / "e2.json").unlink()
    with pytest.raises(SettingError, match=r"^events: .*e2\.json cannot be read"):
        found(folder)
    (folder / "empty").mkdir()
    with pytest.raises(SettingError, match=r"^events: the folder .*empty holds no NAME\.truth\.json"):
        found(folder / "empty")


@pytest.mark.parametrize(
    ("options", "name"), [({"n": -1}, "simulate"), ({"n": 1, "seed": -1}, "seed"), ({"kind": "tau"}, "kind")]
)
def test_options_are_checked(options, name):
    with pytest.raises(SettingError, match=f"^{name}: "):
        found(**options)


def test_a_source_in_words(folder):
    assert source_of(found(folder, n=3, seed=5)) == (
        "2 events from files and 3 simulated events (through_going, seeds 5 to 7)"
    )


def test_kinds_and_seeds_have_their_own_keys():
    assert len({Simulated(kind, seed).key for kind in KINDS for seed in range(3)}) == 3 * len(KINDS)
