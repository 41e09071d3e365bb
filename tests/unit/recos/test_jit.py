"""How kernels are compiled: with numba, or not at all."""

import math

import numba
import numpy as np
import pytest

from skydriver.recos._kernels import jit
from skydriver.recos._kernels.bfgs import damped_inverse


@jit.kernel
def ratio(a: float, b: float) -> float:
    """A kernel to look at."""
    return a / b


compiled_only = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="NUMBA_DISABLE_JIT is set")


def test_kernels_are_compiled_unless_numba_is_switched_off():
    assert hasattr(damped_inverse, "py_func") != bool(numba.config.DISABLE_JIT)
    assert hasattr(ratio, "py_func") != bool(numba.config.DISABLE_JIT)


@compiled_only
def test_division_by_zero_is_infinite():
    assert ratio(1.0, 0.0) == math.inf
    assert math.isnan(ratio(0.0, 0.0))


@compiled_only
def test_no_fastmath():
    assert not ratio.targetoptions["fastmath"]
    assert not damped_inverse.targetoptions["fastmath"]


def test_cache_folder_follows_the_text_of_every_kernel(tmp_path, monkeypatch):
    (tmp_path / "one.py").write_text("1")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "two.py").write_text("2")
    monkeypatch.setattr(jit, "SOURCES", tmp_path)
    folders = []
    for text in ("2", "3", "2"):
        (tmp_path / "deep" / "two.py").write_text(text)
        jit.cache_folder.cache_clear()
        folders.append(jit.cache_folder())
    jit.cache_folder.cache_clear()
    assert folders[0] == folders[2] != folders[1]


def test_cache_setting_of_numba_is_left_as_it_was():
    before = numba.config.CACHE_DIR
    jit.kernel(lambda x: x)
    assert before == numba.config.CACHE_DIR
    assert np.isfinite(ratio(1.0, 2.0))
