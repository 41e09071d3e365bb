"""What makes a progression, and what each refusal says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.scan.progression import MAX_PIXELS, Progression, Stage, parse_nsides


def test_default_progression_counts_its_pixels():
    progression = parse_nsides("8:0,64:12,512:24")
    assert progression.stages == (Stage(8, 0), Stage(64, 12), Stage(512, 24))
    assert progression.nsides == (8, 64, 512)
    assert progression.stage_pixels == (768, 768, 1536)
    assert progression.n_pixels == 3072


@pytest.mark.parametrize(
    "value",
    ["8:0,64:12", " 8 : 0 , 64 : 12 ", {8: 0, 64: 12}, {"8": 0, "64": 12}, {"8": "0", "64": "12"}, [(8, 0), [64, 12]]],
)
def test_every_form_means_the_same(value):
    assert parse_nsides(value) == Progression((Stage(8, 0), Stage(64, 12)))


def test_nside_1_is_accepted():
    assert parse_nsides("1:0").n_pixels == 12
    assert parse_nsides("1:0,2:12").n_pixels == 60


@given(st.integers(0, 5), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), max_size=3))
def test_text_round_trips(first, steps):
    stages, order = [(2**first, 0)], first
    for step, extension in steps:
        order += step
        stages.append((2**order, extension))
    progression = parse_nsides(stages)
    assert parse_nsides(str(progression)) == progression
    assert progression.nsides == tuple(nside for nside, _ in stages)


REFUSED = {
    "": "is not of the form",
    "8": "is not of the form",
    "8:0,": "is not of the form",
    "8:0;64:12": "is not of the form",
    "8:0.0": "is not of the form",
    "8:0,sixtyfour:12": "is not of the form",
    "\u0668:0": "is not of the form",  # int() would take this for an 8
    "7:0": "7 is not a power of two",
    "0:0": "0 is not a power of two",
    "-8:0": "-8 is not a power of two",
    "8:0,48:12": "48 is not a power of two",
    "64:0,8:12": "8 does not ascend from 64",
    "8:0,8:12": "8 does not ascend from 8",
    "8:0,64:12,64:12": "64 does not ascend from 64",
    "8:1": "its extension is 0, not 1",
    "8:-1": "its extension is 0, not -1",
    "8:0,64:0": "nside 64 must refine at least 1 pixel, not 0",
    "8:0,64:-3": "nside 64 must refine at least 1 pixel, not -3",
    "1:0,2:13": "asks to refine 13 pixels of nside 1, which has only 12",
    "8:0,16:1,32:5": "asks to refine 5 pixels of nside 16, which has only 4",
    "1073741824:0": "beyond the largest possible nside",
    "1024:0": f"more than {MAX_PIXELS}",
    "8:0,16384:1": f"more than {MAX_PIXELS}",
    "8:0,536870912:12": f"more than {MAX_PIXELS}",
}


@pytest.mark.parametrize(("text", "reason"), REFUSED.items())
def test_refusal_says_why(text, reason):
    with pytest.raises(SettingError, match=r"^nsides: ") as refusal:
        parse_nsides(text)
    assert reason in str(refusal.value)
    assert refusal.value.argument == "nsides"


@pytest.mark.parametrize(
    "junk",
    [None, 8, 8.0, b"8:0", {}, [], [8, 0], {8: None}, {8: False}, {True: 0}, {8.0: 0}, [(8, 0, 0)], ["80"], {"8\n": 0}],
)
def test_junk_is_refused(junk):
    with pytest.raises(SettingError, match=r"^nsides: "):
        parse_nsides(junk)


@given(
    st.text()
    | st.recursive(st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x))
)
def test_no_other_error_and_no_long_message(value):
    try:
        message = str(parse_nsides(value))
    except SettingError as refusal:
        message = str(refusal)
    assert 0 < len(message) < 200


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("8:0,64:12", "8:0,64:24"),
        ("8:0,64:12,512:2", "8:0,64:12,512:4"),
        ("8:0,64:2,512:100", "8:0,64:2,512:128"),
        ("1:0,2:7", "1:0,2:12"),
        ("1:0,2:12", None),
        ("8:0", None),
        ("256:0,2048:30000", None),  # it would be too many pixels in all
    ],
)
def test_a_wider_progression_refines_twice_as_many_or_all_in_its_last_stage(narrow, wide):
    assert parse_nsides(narrow).widened() == (None if wide is None else parse_nsides(wide))


@given(st.integers(0, 3), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=3))
def test_widening_ends(first, steps):
    """With all pixels of the last stage but one refined, or just before there would be too many."""
    stages, order = [(2**first, 0)], first
    for step, extension in steps:
        order += step
        stages.append((2**order, extension))
    progression, count = parse_nsides(stages), 0
    while (wider := progression.widened()) is not None:
        assert wider.stages[:-1] == progression.stages[:-1]
        assert progression.n_pixels < wider.n_pixels <= MAX_PIXELS
        progression, count = wider, count + 1
    assert count < 30
    ratio = (progression.nsides[-1] // progression.nsides[-2]) ** 2
    everything = progression.stages[-1].extension == progression.stage_pixels[-2]
    assert everything or progression.n_pixels + progression.stages[-1].extension * ratio > MAX_PIXELS
