"""The summary beside a map: what a scan writes is read back, and what is no summary is one clear error."""

from __future__ import annotations

import copy
import json

import pytest

from skydriver.errors import ResultError
from skydriver.events.limits import MAX_FRAMES, MAX_SLOTS
from skydriver.services.answer import answer
from skydriver.services.summary import Summary, summary_beside, summary_path
from skydriver.services.topology import LABELS
from skydriver.services.verdict import ANSWERS, verdict

KEYS = {
    "run_id": (1.5, "1", True, None),
    "event_id": (1.5, "1", True, None),
    "algorithm": (1, None, ["pandel_mpe"]),
    "partial": (0, "false", None),
    "best_fit": (1, "none", []),
    "best_fit.nside": (8.5, "8", None, True),
    "best_fit.pixel": (8.5, "8", None, True),
    "topology": (None, "through-going", []),
    "topology.label": (None, 1, "through_going", ""),
    "headline": (None, "text"),
    "headline.kind": (None, 1, "regions", ""),
    "headline.text": (None, 1, ["text"]),
    "verdict": (None, "yes"),
    "verdict.answer": (None, True, "maybe"),
    "verdict.reasons": (None, "yes", [1], {"0": "yes"}),
    "posterior": ("none", 1, []),
    "posterior.calibration": (None, 1),
    "posterior.tests_only": (None, 1, "true"),
    "posterior.sigma_sys_deg": (None, "0.8", True, 0.0, -0.8, 0.009, 90.1, float("nan"), float("inf")),
    "posterior.area90_deg2": (None, "1", False, float("nan"), float("-inf")),
    "first_looks": (None, {}, "none"),
    "first_looks.0": (None, [], "SplineMPE"),
    "first_looks.0.name": (None, 1),
    "first_looks.0.ra_deg": (None, "1", -0.1, 360.1, 1e300, float("nan")),
    "first_looks.0.dec_deg": (None, "1", -90.1, 90.1, float("inf")),
    "event_stated": (None, [], "none"),
    "event_stated.energy": (None, "1", True, float("nan")),
}
"""Each key that products need, and what it cannot be."""


@pytest.fixture(scope="module")
def content(by_hand):
    """What a scan writes of a track."""
    found = by_hand.findings(stated={"energy": 2e5})
    return json.loads(json.dumps(answer(found, verdict(found))))


def parent_of(content, key):
    """The object that holds a key, and the key's name in it."""
    *above, name = (int(part) if part.isdigit() else part for part in key.split("."))
    for part in above:
        content = content[part]
    return content, name


def changed(content, key, value):
    """The same with another value."""
    content = copy.deepcopy(content)
    parent, name = parent_of(content, key)
    parent[name] = value
    return content


def written(folder, content):
    """The map beside which a summary lies."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    (folder / "map.summary.json").write_bytes(data)
    return folder / "map.npz"


def refused(path):
    """What is said of a summary that is refused, after the file's name."""
    with pytest.raises(ResultError) as refusal:
        summary_beside(path)
    name, _, problem = str(refusal.value).partition(": ")
    assert name.endswith("map.summary.json")
    return problem


def test_what_a_scan_found_is_read_back(content, tmp_path):
    kept = summary_beside(written(tmp_path, content))
    for key, value in kept.model_dump(exclude={"first_looks"}).items():
        part = {name: content[key][name] for name in value} if isinstance(value, dict) else content[key]
        assert value == part, key
    looks = [look.model_dump() for look in kept.first_looks]
    assert looks == [{name: look[name] for name in ("name", "ra_deg", "dec_deg")} for look in content["first_looks"]]
    assert kept.event_stated == {"energy": 2e5}


@pytest.mark.parametrize("key", sorted(KEYS.keys() - {"first_looks.0", "event_stated.energy"}))
def test_a_key_that_is_missing_is_named(content, tmp_path, key):
    without = copy.deepcopy(content)
    parent, name = parent_of(without, key)
    del parent[name]
    assert refused(written(tmp_path, without)) == f"{key.replace('.', ': ')}: Field required"


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in KEYS.items() for value in values])
def test_a_value_of_the_wrong_type_or_size_is_named(content, tmp_path, key, value):
    assert refused(written(tmp_path, changed(content, key, value))).startswith(key.replace(".", ": "))


def test_other_keys_are_not_looked_at(content, tmp_path):
    more = content | {"systematics": "?", "later": 1}
    assert summary_beside(written(tmp_path, more)) == Summary.model_validate(content)


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("judged", ANSWERS)
def test_every_label_and_answer_is_known(content, tmp_path, label, judged):
    said = changed(changed(content, "topology.label", label), "verdict.answer", judged)
    kept = summary_beside(written(tmp_path, said))
    assert (kept.topology.label, kept.verdict.answer) == (label, judged)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"null", b"[]", b"1", b'"text"', b"\xff\xfe{}", b"\x00", b"[" * 100_000, b'{"a":' * 100_000, b"{}"],
    ids=["empty", "open", "null", "list", "number", "text", "no UTF-8", "NUL", "deep list", "deep object", "no key"],
)
def test_what_is_no_summary_is_refused_in_one_line(tmp_path, data):
    problem = refused(written(tmp_path, data))
    assert problem
    assert len(problem) < 200
    assert "\n" not in problem


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN", "Infinity", "1" + 5000 * "0", "0x10", "1_0"])
def test_numbers_that_are_none_are_refused(content, tmp_path, number):
    text = json.dumps(changed(content, "posterior.area90_deg2", "HERE")).replace('"HERE"', number)
    assert refused(written(tmp_path, text.encode()))


@pytest.mark.parametrize("key", ["first_looks", "verdict.reasons"])
def test_lists_may_be_as_long_as_an_event_can_make_them_and_no_longer(content, tmp_path, key):
    """A first look for each object of an event, and a reason for each look besides those of the map."""
    parent, name = parent_of(content, key)
    item = parent[name][0]
    most = MAX_FRAMES * MAX_SLOTS + 100
    assert summary_beside(written(tmp_path, changed(content, key, [item] * most)))
    assert refused(written(tmp_path, changed(content, key, [item] * 1_000_000))).startswith(key.replace(".", ": "))


def test_a_text_is_no_longer_than_a_page_or_two(content, tmp_path):
    assert refused(written(tmp_path, changed(content, "headline.text", "a" * 1_000_000))).startswith("headline: text")


def test_without_a_file_there_is_no_summary(tmp_path):
    assert summary_beside(tmp_path / "map.npz") is None
    assert summary_beside(tmp_path / f"{251 * 'n'}.npz") is None, "no file can have the name of its summary"
    (tmp_path / "map.summary.json").symlink_to(tmp_path / "nowhere")
    assert summary_beside(tmp_path / "map.npz") is None


def test_a_folder_in_its_place_is_refused(tmp_path):
    (tmp_path / "map.summary.json").mkdir()
    with pytest.raises(ResultError, match=r"^cannot read .*map\.summary\.json: Is a directory"):
        summary_beside(tmp_path / "map.npz")


@pytest.mark.parametrize("name", ["a.partial.npz", "a.partial.json", "a.partial", "a.b.c.npz", ".npz", "no suffix"])
def test_only_the_last_part_of_a_name_is_exchanged(tmp_path, name):
    stem = {"a.partial.npz": "a.partial", "a.partial.json": "a.partial", "a.partial": "a", "a.b.c.npz": "a.b.c"}
    assert summary_path(tmp_path / name) == tmp_path / f"{stem.get(name, name)}.summary.json"
