"""From records to a table: bands, order, names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import SettingError
from skydriver.services.calibration.table import MIN_EVENTS, TableSettings, algorithm_of, calibrate, cut
from skydriver.services.calibration.truth_scans import SIGMAS_DEG, Measured, Record
from skydriver.skymap.calibration import read_calibration

EDGES = (300.0, 1000.0, 3000.0)
TABLE = TableSettings(EDGES, "mine", "made up")


def measured(number: int, sigma_deg: float = 0.4, **changes: object) -> Measured:
    """A truth that misses a narrow map by a Gaussian of `sigma_deg` per axis."""
    missed2 = 2.0 * sigma_deg**2 * np.random.default_rng(number).exponential()
    levels = tuple((1.0 - np.exp(-missed2 / (2.0 * np.square(SIGMAS_DEG)))).tolist())
    rise = 4.0 * missed2
    usual = Measured(
        topology="through-going",
        charge_pe=500.0,
        n_dom=50,
        energy_gev=1e4,
        offset_deg=missed2**0.5,
        rise=rise,
        in_wilks90=rise < 4.61,
        wilks90_area_deg2=0.5,
        wilks90_truncated=False,
        statistical_level=levels[0],
        levels=levels,
    )
    return replace(usual, **changes)


def records(*events: Measured) -> list[Record]:
    return [Record(f"event {i}", f"{i:064x}", None, event) for i, event in enumerate(events)]


charges = st.lists(st.floats(0.0, 10000.0), max_size=150)


@given(charges, charges)
def test_bands_partition_the_events_and_none_is_small(through_going, starting):
    base = measured(1)
    events = [replace(base, charge_pe=charge) for charge in through_going]
    events += [replace(base, charge_pe=charge, topology="starting") for charge in starting]
    cuts, warnings = cut(events, EDGES)
    for label, of_label in (("through-going", through_going), ("starting", starting)):
        bands = [part for part in cuts if part.topology == label]
        if len(of_label) < MIN_EVENTS:
            assert bands == []
            assert any(warning.startswith(f"{label} is left out") for warning in warnings) == bool(of_label)
            continue
        assert (bands[0].min_charge_pe, bands[-1].max_charge_pe) == (0.0, None)
        assert [part.max_charge_pe for part in bands[:-1]] == [part.min_charge_pe for part in bands[1:]]
        assert all(len(part.events) >= MIN_EVENTS for part in bands)
        assert sorted(event.charge_pe for part in bands for event in part.events) == sorted(of_label)


def test_each_coverage_counts_its_own_region():
    """Four events: in Wilks' region three, in the statistical posterior's two, in the carried floor's one."""
    carried = SIGMAS_DEG.index(0.8)
    inside, outside = ([level if i == carried else 0.1 for i in range(len(SIGMAS_DEG))] for level in (0.9, 0.91))
    base = measured(1)
    events = [
        replace(base, in_wilks90=k < 3, statistical_level=0.9 if k < 2 else 0.91, levels=inside if k < 1 else outside)
        for k in range(4)
    ]
    group = calibrate(records(*events), "pandel_mpe", TABLE).groups[0]
    assert (group.wilks.share, group.statistical.share, group.carried.share) == (0.75, 0.5, 0.25)


def test_an_event_at_an_edge_belongs_to_the_band_above():
    charges = [100.0] * MIN_EVENTS + [EDGES[0]] * MIN_EVENTS
    cuts, _ = cut([measured(1, charge_pe=charge) for charge in charges], EDGES[:1])
    assert [[event.charge_pe for event in part.events] for part in cuts] == [charges[:MIN_EVENTS], charges[MIN_EVENTS:]]


def test_a_band_is_joined_to_the_next_and_the_rest_to_the_last():
    n_in_bands = 10, 10, 25, 5
    events = [
        measured(1, charge_pe=charge) for n, charge in zip(n_in_bands, (100, 500, 2000, 9000), strict=True)
        for _ in range(n)
    ]  # fmt: skip
    cuts, (warning,) = cut(events, EDGES)
    assert [(part.min_charge_pe, part.max_charge_pe, len(part.events)) for part in cuts] == [
        (0.0, 1000.0, 20),
        (1000.0, None, 30),
    ]
    assert warning == "through-going: bands of fewer than 20 events are joined, without 300, 3000 PE"


def test_each_band_has_its_own_floor(tmp_path):
    dim = [measured(i, 0.8, charge_pe=200.0) for i in range(400)]
    bright = [measured(i, 0.3, charge_pe=2000.0) for i in range(400)]
    found = calibrate(records(*dim, *bright), "pandel_mpe", TABLE)
    path = tmp_path / "table.json"
    path.write_bytes(found.table.to_json())
    table = read_calibration(path)
    assert table.fits("pandel_mpe", "1")
    assert table.band("through-going", 250.0).sigma_sys_deg == pytest.approx(0.8, rel=0.15)
    assert table.band("through-going", 5000.0).sigma_sys_deg == pytest.approx(0.3, rel=0.15)
    assert table.band("cascade", 5000.0) is None
    levels = sorted(event.rise for event in bright)
    assert (table.bands[1].level50, table.bands[1].level90) == pytest.approx((levels[199], levels[359]), abs=1e-4)


def test_order_changes_nothing():
    given = records(*(measured(i, charge_pe=100.0 + 20 * i, energy_gev=1e4 + 1e3 * i) for i in range(90)))
    shuffled = given.copy()
    np.random.default_rng(1).shuffle(shuffled)
    assert calibrate(given, "pandel_mpe", TABLE) == calibrate(shuffled, "pandel_mpe", TABLE)


def test_a_band_without_a_floor_is_left_out_and_a_limit_is_named():
    lost = [measured(i, 60.0, charge_pe=200.0) for i in range(30)]
    exact = [measured(i, 0.001, charge_pe=2000.0) for i in range(30)]
    found = calibrate(records(*lost, *exact), "pandel_mpe", TABLE)
    assert [(band.min_charge_pe, band.sigma_sys_deg) for band in found.table.bands] == [(300.0, 0.05)]
    assert "through-going from 0 PE to 300 is left out: 3.0 degrees, the largest floor, is not enough" in found.warnings
    assert any("of through-going from 300 PE on is an upper limit" in warning for warning in found.warnings)


def test_failures_and_unknown_energies_are_no_obstacle():
    given = records(*(measured(i, energy_gev=None) for i in range(25)))
    found = calibrate([*given, Record("x", None, "unreadable", None)], "pandel_mpe", TABLE)
    assert [group.by for group in found.groups] == ["all", "topology", "band"]
    assert {group.n_events for group in found.groups} == {25}
    assert calibrate([], "pandel_mpe", TABLE).table.bands == ()


def test_energies_are_in_half_decades():
    found = calibrate(records(*(measured(i, energy_gev=e) for i, e in enumerate((2e3, 4e3, 9e3, 2e4)))), "dummy", TABLE)
    rows = [(group.min, group.max, group.n_events) for group in found.groups if group.by == "energy"]
    assert rows == [(1000.0, 3162.3, 1), (3162.3, 10000.0, 2), (10000.0, 31622.8, 1)]


def test_a_table_for_other_options_is_not_for_the_algorithm():
    assert algorithm_of("pandel_mpe:length=45") == algorithm_of("pandel_mpe")
    assert algorithm_of("pandel_mpe:length=33") == ("pandel_mpe:length=33", "1")


@pytest.mark.parametrize("text", ["a", "3,1", "0,5", "1,1", "nan", "1,inf", "1,,2"])
def test_edges_must_ascend(text):
    with pytest.raises(SettingError, match=r"^charge_bins: "):
        TableSettings.from_text(text, "x", "x")


def test_no_edges_are_one_band():
    assert TableSettings.from_text("", "x", "x").charge_edges_pe == ()
