"""The shipped positions and ice are the published ones."""

from __future__ import annotations

import csv
import hashlib
from importlib.resources import files

import numpy as np
import pytest

from skydriver.detector import geometry, ice


def published(path) -> np.ndarray:
    with path.open(encoding="ascii") as lines:
        return np.array([[float(value) for value in row.values()] for row in csv.DictReader(lines)])


def test_every_position_is_the_published_one(shared):
    table = published(shared / "detector" / "icecube86.csv")
    rows = geometry.dom_index(table[:, 0].astype(int), table[:, 1].astype(int))
    assert np.array_equal(rows, np.arange(5160))
    assert np.array_equal(geometry.dom_positions()[rows], table[:, 2:])


def test_every_ice_layer_is_the_published_one(shared):
    model = ice.spice_mie()
    columns = [model.z_low_m, model.z_high_m, model.absorption_per_m, model.effective_scattering_per_m]
    assert np.array_equal(np.stack(columns, axis=1), published(shared / "detector" / "ice_spice_mie.csv"))


def test_positions_and_layers_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        geometry.dom_positions()[0, 0] = 0.0
    with pytest.raises(ValueError, match="read-only"):
        ice.spice_mie().absorption_per_m[0] = 0.0


@pytest.mark.parametrize(("string", "om"), [(0, 1), (87, 1), (-1, 5), (1, 0), (1, 61), (86, 64), (300, 300)])
def test_a_dom_that_is_not_of_the_array_has_no_row(string, om):
    assert geometry.dom_index(string, om) == -1


def test_small_integer_columns_do_not_overflow():
    assert geometry.dom_index(np.int8([86]), np.int8([60])) == 5159


def test_deep_core_hangs_below_the_dust():
    string_81 = geometry.dom_positions()[geometry.dom_index(81, np.arange(1, 61))]
    assert np.all(np.diff(string_81[:, 2]) < 0)
    assert np.sum(string_81[:, 2] < -150) == 50


def test_layers_join_and_hold_their_own_heights():
    model = ice.spice_mie()
    assert np.array_equal(model.z_low_m[1:], model.z_high_m[:-1])
    middles = (model.z_low_m + model.z_high_m) / 2
    assert np.array_equal(model.layer(middles), np.arange(171))
    assert np.array_equal(model.layer([-1e5, 1e5]), [0, 170])


@pytest.mark.parametrize("module", [geometry, ice])
def test_tables_are_named_by_their_content(module):
    content = files("skydriver.detector").joinpath("data", module._TABLE).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    stated = geometry.geometry_hash() if module is geometry else ice.ice_hash()
    assert stated == digest
    assert digest[:12] in module._TABLE
