"""Named instruction sets: one environment for each, in which fits have the same bits on every machine."""

import os
import platform
import subprocess
import sys

import pytest

from skydriver.errors import SettingError
from skydriver.recos.baseline import COMPILED, environment

SAYS = "from skydriver.recos.machine import machine_type; print(machine_type())"


def test_only_those_that_are_known():
    with pytest.raises(SettingError, match="baseline: it is 'x86-64-v9', not one of x86-64-v2, x86-64-v3, x86-64-v4"):
        environment("x86-64-v9")


def test_each_holds_the_one_before():
    sets = [set(names.split()) for names in COMPILED.values()]
    assert sets[0] < sets[1] < sets[2]
    assert environment("x86-64-v3")["NUMBA_CPU_FEATURES"].split(",").count("+avx2") == 1


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are names of x86 instruction sets")
def test_numpy_is_quiet_about_them_and_a_machine_is_called_by_the_one_in_force():
    levels = list(COMPILED)
    own = subprocess.check_output([sys.executable, "-c", SAYS], text=True).strip()
    for baseline in levels[: levels.index(own) + 1]:
        run = subprocess.run(
            [sys.executable, "-W", "error::ImportWarning", "-c", SAYS],
            env=os.environ | environment(baseline), capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert (run.stdout.strip(), run.stderr) == (baseline, "")
