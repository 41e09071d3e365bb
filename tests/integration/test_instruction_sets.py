"""Fits and the directions they are made for have the same bits on every instruction set."""

import os
import platform
import subprocess
import sys

import pytest

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
