"""Fits and the directions they are made for have the same bits on every instruction set."""

import os
import platform
import re
import subprocess
import sys

import numpy as np
import pytest

from skydriver.recos.baseline import environment

PLAIN = {"NUMBA_CPU_NAME": "x86-64", "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"}
"""The first 64-bit processor, for the compiler and for the C library."""
DIRECTIONS = """
from skydriver.services.directions import pixel_directions

for nside, pixels in ((8, range(0, 768, 3)), (512, range(1_000_000, 1_000_100))):
    for direction in pixel_directions(nside, list(pixels), 60279.25):
        print(*map(float.hex, map(float, direction)))
"""
FITS = """
import numpy as np
from skydriver.detector.geometry import dom_positions
from skydriver.events.cleaning import clean
from skydriver.recos.registry import find_reco
from skydriver.services.event_summary import load

fitter = find_reco("pandel_mpe").bind(clean(load("example").pulses, dom_positions()).pulses)
dice = np.random.default_rng(1)
for vector in dice.normal(size=(30, 3)):
    direction = vector / np.sqrt((vector * vector).sum())
    own = fitter.fit(direction, None)
    given = fitter.fit(direction, np.array([own[3:]] * 3) + dice.integers(-20, 20, (3, 4)))
    print(*map(float.hex, (*own, *given)), fitter.evaluations)
"""


def printed(program, settings):
    whole = os.environ | settings
    run = subprocess.run([sys.executable, "-c", program], env=whole, capture_output=True, text=True, check=True)
    return run.stdout.splitlines()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are names of x86 instruction sets")
@pytest.mark.parametrize(("program", "lines"), [(DIRECTIONS, 356), (FITS, 30)], ids=["directions", "fits"])
def test_same_bits_without_avx2_and_fma(program, lines):
    here = printed(program, {})
    assert len(set(here)) == lines
    assert printed(program, PLAIN) == here


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are names of x86 instruction sets")
@pytest.mark.parametrize("baseline", ["x86-64-v2", "x86-64-v3"])
def test_same_bits_under_a_named_baseline(baseline):
    assert printed(FITS, environment(baseline)) == printed(FITS, {})


@pytest.mark.skipif(platform.machine() != "x86_64", reason="these are names of x86 instruction sets")
def test_a_scans_map_is_the_same_to_the_byte_under_a_named_baseline(tmp_path):
    """But for the name of the instruction set, which the map says."""
    maps = []
    for name, settings in (("own", {}), ("named", environment("x86-64-v3"))):
        command = [sys.executable, "-m", "skydriver", "scan", "example", "--nsides", "1:0,4:6", "--workers", "1"]
        subprocess.run(
            [*command, "--out", str(tmp_path / name)], env=os.environ | settings, capture_output=True, check=True
        )
        (file,) = (tmp_path / name).rglob("*.npz")
        with np.load(file) as content:
            maps.append({member: content[member] for member in content.files})
    provenances = [str(one.pop("provenance")) for one in maps]
    named = re.sub("x86-64-v[234]", "x86-64-v3", provenances[0])
    assert named == provenances[1]
    assert maps[0].keys() == maps[1].keys() != set()
    assert [member for member in maps[0] if maps[0][member].tobytes() != maps[1][member].tobytes()] == []
