"""From photoelectrons to pulses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.simulation import readout
from skydriver.simulation.readout import Hits

HITS = st.lists(st.tuples(st.integers(50, 70), st.floats(-3000, 3000)), max_size=40)


def as_hits(pairs) -> Hits:
    pairs = sorted(pairs)
    return Hits(np.array([dom for dom, _ in pairs], dtype=np.intp), np.array([time for _, time in pairs], dtype=float))


@given(HITS)
def test_coincidence_is_a_near_dom_of_the_string_within_a_microsecond(pairs):
    hits = as_hits(pairs)

    def partner(i, j):
        near = 1 <= abs(hits.dom[i] - hits.dom[j]) <= 2 and hits.dom[i] // 60 == hits.dom[j] // 60
        return near and abs(hits.time_ns[i] - hits.time_ns[j]) <= 1000.0

    everyone = range(len(pairs))
    assert readout.in_coincidence(hits).tolist() == [any(partner(i, j) for j in everyone) for i in everyone]


@given(HITS)
def test_merging_keeps_every_photoelectron_and_the_first_time(pairs):
    merged, number = readout.merge(as_hits(pairs))
    groups: dict[tuple[int, float], list[float]] = {}
    for dom, time in pairs:
        groups.setdefault((dom, np.floor(time / readout.MERGE_NS)), []).append(time)
    expected = sorted((dom, min(times), len(times)) for (dom, _), times in groups.items())
    assert list(zip(merged.dom, merged.time_ns, number, strict=True)) == expected


def test_a_single_photoelectron_has_about_its_charge():
    single = readout.charges(np.ones(100_000, dtype=np.int64), np.random.default_rng(1))
    assert single.min() >= 0
    assert single.mean() == pytest.approx(1.0, abs=0.1)
    many = readout.charges(np.array([0, 1000, 0, 1]), np.random.default_rng(1))
    assert many[[0, 2]].tolist() == [0.0, 0.0]
    assert many[1] == pytest.approx(1000 * single.mean(), rel=0.05)


def test_an_empty_detector_holds_noise_alone():
    nothing = Hits(np.zeros(0, dtype=np.intp), np.zeros(0))
    counts = [len(readout.read_out(nothing, (0.0, 10_000.0), np.random.default_rng(seed))) for seed in range(300)]
    expected = readout.NOISE_HZ * 1e-5 * 5160
    assert np.mean(counts) == pytest.approx(expected, abs=4 * np.sqrt(expected / 300))


def test_the_window_is_kept():
    hits = Hits(np.zeros(20_001, dtype=np.intp), np.linspace(-500, 1500, 20_001))
    pulses = readout.read_out(hits, (0.0, 1000.0), np.random.default_rng(0))
    assert pulses.time_ns.min() >= 0
    assert pulses.time_ns.max() < 1000
    assert np.sum((pulses.string == 1) & (pulses.om == 1)) == 200  # one in each 5 ns
