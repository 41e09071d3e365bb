"""Algorithms by name, and the two that are made to try things out."""

import math
import time
from contextlib import suppress
from itertools import permutations
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.recos.crash_dummy import CrashDummy, CrashDummyError, Kind
from skydriver.recos.dummy import CURVATURE
from skydriver.recos.registry import ALGORITHMS, find_reco
from skydriver.testing.events import toy_pulses

DIRECTIONS = [v / np.linalg.norm(v) for v in np.random.default_rng(1).normal(size=(2000, 3))]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_says_what_it_is(name):
    info = find_reco(name).info
    assert info.name == name
    assert info.version
    assert info.fit_for
    assert info.llh_meaning
    assert info.memory_bytes >= 300_000_000  # a worker needs 200 MB of it before it fits anything
    assert info.max_reco_time_s > 0
    assert info.rounds >= 1
    assert info.min_doms >= 1
    assert all(isinstance(value, str) and value for value in find_reco(name).provenance().values())


def test_table_of_pandel_mpe_is_in_its_provenance():
    from skydriver.recos import pandel_table

    for jitter_ns, name in pandel_table.TABLES.items():
        provenance = find_reco(f"pandel_mpe:jitter={jitter_ns}").provenance()
        assert provenance["table"] == name
        assert provenance["table_sha256"] == pandel_table.table_sha256(jitter_ns)
        assert provenance["jitter_ns"] == str(jitter_ns)


def test_pandel_mpe_without_options_is_what_it_always_was():
    assert find_reco("pandel_mpe").provenance() == {
        "table": "pandel_55417190d415bb02.npy",
        "table_sha256": "55417190d415bb0259250de26e244f0c4d7f4fe3a1b545e2ec4eae358725d664",
        "scattering_length_m": "45.0",
        "absorption_length_m": "98.0",
        "tau_ns": "650.0",
        "jitter_ns": "15.0",
        "noise_per_ns": "1e-06",
        "max_photons": "5.0",
        "seeds": "centre (stretch 8.0) and 3 on a ring of 150.0 m",
    }
    stated = find_reco("pandel_mpe:length=45:jitter=15:photons=5")
    assert stated.provenance() == find_reco("pandel_mpe").provenance()


@pytest.mark.parametrize("text", list(map(":".join, permutations(["length=33.3", "jitter=8", "photons=1"]))))
def test_options_of_pandel_mpe_come_in_any_order_and_are_in_its_provenance(text):
    provenance = find_reco(f"pandel_mpe:{text}").provenance()
    values = [provenance[key] for key in ("scattering_length_m", "jitter_ns", "max_photons")]
    assert values == ["33.3", "8.0", "1.0"]


@pytest.mark.parametrize(("option", "key"), [("length=10", "scattering_length_m"), ("photons=1000", "max_photons")])
def test_one_option_of_pandel_mpe_leaves_the_others_alone(option, key):
    usual, changed = find_reco("pandel_mpe").provenance(), find_reco(f"pandel_mpe:{option}").provenance()
    assert {name for name in usual if usual[name] != changed[name]} == {key}


def test_every_option_of_pandel_mpe_reaches_the_fit():
    every = toy_pulses()
    pulses = every.select(every.om <= 60)
    options = ("", ":length=33.3", ":jitter=8", ":jitter=25", ":photons=1")
    llh = {find_reco(f"pandel_mpe{text}").bind(pulses).fit(DIRECTIONS[0], None).llh for text in options}
    assert len(llh) == len(options)


def test_unknown_name_is_told_those_there_are():
    with pytest.raises(SettingError, match="no algorithm 'millipede', only crash_dummy, dummy, pandel_mpe") as refusal:
        find_reco("millipede")
    assert refusal.value.argument == "reco"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("pandel_mpe:7", "pandel_mpe takes length=, jitter= and photons=, not '7'"),
        ("pandel_mpe:", "photons=, not ''"),
        ("pandel_mpe:width=3", "photons=, not 'width=3'"),
        ("pandel_mpe:length", "the option length of pandel_mpe is a number of metres from 10 to 200, not ''"),
        ("pandel_mpe:length=9.99", "a number of metres from 10 to 200, not '9.99'"),
        ("pandel_mpe:length=200.1", "a number of metres from 10 to 200"),
        ("pandel_mpe:length=nan", "a number of metres from 10 to 200"),
        ("pandel_mpe:length=4=5", "a number of metres from 10 to 200, not '4=5'"),
        ("pandel_mpe:jitter=9", "the option jitter of pandel_mpe is one of 8, 15, 25 ns, not '9'"),
        ("pandel_mpe:jitter=nan", "one of 8, 15, 25 ns"),
        ("pandel_mpe:photons=0", "the option photons of pandel_mpe is a number from 1 to 1000, not '0'"),
        ("pandel_mpe:photons=inf", "a number from 1 to 1000"),
        ("pandel_mpe:jitter=8:jitter=8", "the option jitter of pandel_mpe is given twice"),
        ("dummy:1:2:3", "dummy does not take the options '1:2:3'"),
        ("dummy:1:", "seconds"),
        ("dummy:1:-1", "seconds"),
        ("dummy:1:nan", "seconds"),
        ("dummy:1:12345", "seconds"),
        ("dummy:", "whole number"),
        ("dummy:-1", "whole number"),
        ("dummy:1.5", "whole number"),
        ("dummy:²", "whole number"),
        ("dummy:" + 5000 * "9", "at most 18 digits"),
        ("crash_dummy:2", "from 0 to 1, not '2'"),
        ("crash_dummy:-0.1", "from 0 to 1"),
        ("crash_dummy:nan", "from 0 to 1"),
        ("crash_dummy:much", "from 0 to 1, not 'much'"),
        ("crash_dummy:0.1:explode", "error, nan, kill, hang, not by 'explode'"),
        ("crash_dummy:0.1:error:x", "does not take the options"),
        ("", "no algorithm ''"),
    ],
)
def test_bad_options_are_refused(text, problem):
    with pytest.raises(SettingError, match=problem) as refusal:
        find_reco(text)
    assert refusal.value.argument == "reco"


@settings(deadline=None)
@given(st.text() | st.from_regex(r"(dummy|crash_dummy|pandel_mpe)(:.*){0,3}", fullmatch=True))
def test_any_text_names_an_algorithm_or_is_refused(text):
    with suppress(SettingError):
        assert find_reco(text).info.name == text.split(":", maxsplit=1)[0]


def minimum_of(reco):
    """Direction of the bowl, from three of its values."""
    return np.array([1.0 - reco.bind(toy_pulses()).fit(axis, None).llh / CURVATURE for axis in np.eye(3)])


def test_dummy_is_a_bowl_around_a_direction_that_its_seed_draws():
    again, same, other = (minimum_of(find_reco(text)) for text in ("dummy:7", "dummy:7", "dummy:8"))
    assert (again == same).all()
    assert np.linalg.norm(again - other) > 1e-3
    assert np.linalg.norm(again) == pytest.approx(1.0, abs=1e-8)
    assert find_reco("dummy").provenance() == {"seed": "0"}
    assert find_reco("dummy:7").bind(toy_pulses()).fit(again, None).llh == pytest.approx(0.0, abs=1e-5)


def test_a_slow_dummy_takes_its_time_and_finds_the_same():
    quick, slow = (find_reco(text) for text in ("dummy:7", "dummy:7:0.05"))
    before = time.process_time()
    found = slow.bind(toy_pulses()).fit(np.eye(3)[0], None)
    assert time.process_time() - before >= 0.05
    assert found == quick.bind(toy_pulses()).fit(np.eye(3)[0], None)
    assert slow.provenance() == quick.provenance()


@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.5, 1.0])
def test_crash_dummy_fails_on_about_its_fraction_of_pixels(fraction):
    """Within five standard deviations."""
    failing = sum(find_reco(f"crash_dummy:{fraction}").fails_on(direction) for direction in DIRECTIONS)
    n = len(DIRECTIONS)
    assert abs(failing - fraction * n) <= 5.0 * math.sqrt(n * fraction * (1.0 - fraction))


def test_crash_dummy_fails_on_the_same_pixels_each_time_and_more_of_them_with_a_larger_fraction():
    few, again, many = ([find_reco(f"crash_dummy:{f}").fails_on(d) for d in DIRECTIONS] for f in (0.1, 0.1, 0.3))
    assert few == again
    assert all(now for before, now in zip(few, many, strict=True) if before)


def test_crash_dummy_error_is_nothing_that_skydriver_knows():
    with pytest.raises(CrashDummyError):
        CrashDummy(1.0, "error").fit(DIRECTIONS[0], None)


def test_crash_dummy_nan():
    assert np.isnan(CrashDummy(1.0, "nan").fit(DIRECTIONS[0], None)).all()


@pytest.mark.parametrize("kind", get_args(Kind))
def test_crash_dummy_is_a_dummy_where_it_does_not_fail(kind):
    fits = {
        name: find_reco(name).bind(toy_pulses()).fit(DIRECTIONS[0], None) for name in ("dummy", f"crash_dummy:0:{kind}")
    }
    assert len(set(fits.values())) == 1
