"""The name of what numbers depend on: it changes with any of it."""

import re

import pytest

from skydriver.recos.machine import machine_type
from skydriver.worker import numerics
from skydriver.worker.numerics import machine_of, numerics_id


def test_it_names_release_and_instruction_set():
    assert re.fullmatch(r"[0-9.]+/(x86-64-v[234]|aarch64|arm64)/[0-9a-f]{16}", numerics_id())
    assert len(numerics_id()) <= 80


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A folder that is taken for the packages."""
    (tmp_path / "data").mkdir()
    (tmp_path / "fit.py").write_text("1")
    (tmp_path / "data" / "table.npy").write_bytes(b"2")
    monkeypatch.setattr(numerics, "files", lambda _package: tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["fit.py", "data/table.npy", "new.py", "data/new.npy"])
def test_it_changes_with_code_and_tables(build, name):
    before = numerics._build_hash()
    (build / name).write_text("3")
    assert numerics._build_hash() != before


def test_it_does_not_change_with_what_lies_about(build):
    before = numerics._build_hash()
    (build / "fit.pyc").write_text("3")
    assert numerics._build_hash() == before


def test_it_changes_with_the_libraries(monkeypatch):
    before = numerics._build_hash()
    monkeypatch.setattr(numerics, "version", lambda _library: "0")
    assert numerics._build_hash() != before


def test_it_changes_with_a_name(build):
    before = numerics._build_hash()
    (build / "fit.py").rename(build / "tif.py")
    assert numerics._build_hash() != before


def test_a_numerics_id_tells_the_instruction_set():
    assert machine_of(numerics_id()) == machine_type()
    assert machine_of("whatever a worker said") == "whatever a worker said"
