"""Damaged events: nothing but SkyDriver's own errors, in bounded time and memory.

SKYDRIVER_FUZZ_N inputs (1,000 by default) from SKYDRIVER_FUZZ_SEED (printed), the first of them SKYDRIVER_FUZZ_START:
input number i depends on the seed and i alone: a run can go on where another stopped, and a failure be repeated.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from skydriver.errors import InputError
from skydriver.events.cleaning import clean
from skydriver.events.realtime import read_event
from skydriver.testing.events import toy_event, toy_positions
from skydriver.testing.mutate import mutate

N = int(os.environ.get("SKYDRIVER_FUZZ_N", "1000"))
START = int(os.environ.get("SKYDRIVER_FUZZ_START", "0"))
SEED = int(os.environ.get("SKYDRIVER_FUZZ_SEED", "20231202"))
MAX_CPU_SECONDS = 1.0
MAX_BYTES = 500_000_000
REAL_EVENTS = ("138632_31747601", "hese_event_01", "hese_event_02")


def check(event: bytes, positions_m: np.ndarray) -> str:
    """Read and clean one input; the outcome is the code of the error or `ok`."""
    try:
        found = read_event(event)
    except InputError as error:
        says, code = str(error), error.code
    else:
        says, code = "a sound event", "ok"
        cleaned = clean(found.pulses, positions_m)
        assert len(found.pulses) >= cleaned.npulses >= cleaned.nch
        assert np.isfinite(cleaned.qtot)
    assert says.isascii(), says
    assert 10 < len(says) < 400, says
    return code


def fuzz(events: list[bytes]) -> dict[str, int]:
    """Outcomes by how often they came."""
    outcomes: dict[str, int] = {}
    positions_m = toy_positions()
    for number in range(START, START + N):
        event = mutate(events[number % len(events)], random.Random(f"{SEED}/{number}"))  # noqa: S311 # damage, not secrets
        begin = time.process_time()
        try:
            outcome = check(event, positions_m)
        except BaseException as error:
            error.add_note(f"SKYDRIVER_FUZZ_SEED={SEED} SKYDRIVER_FUZZ_START={number} SKYDRIVER_FUZZ_N=1")
            raise
        spent = time.process_time() - begin
        assert spent < MAX_CPU_SECONDS, f"input {number} of seed {SEED} took {spent:.2f} s"
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
    return outcomes


def _peak_bytes() -> int:
    """Of this program alone: getrusage also tells what its parent had when it began."""
    with open("/proc/self/status") as status:  # noqa: PTH123 # as below
        return next(1024 * int(line.split()[1]) for line in status if line.startswith("VmHWM:"))


def main(paths: list[str]) -> None:
    events = [toy_event()]
    for path in paths:
        with open(path, "rb") as file:  # noqa: PTH123 # a child that imports no more than it measures
            events.append(file.read())
    outcomes = fuzz(events)
    peak = _peak_bytes()
    print(f"seed {SEED}, inputs {START} to {START + N - 1}, peak {peak / 1e6:.0f} MB: {outcomes}")  # read by the test
    assert peak < MAX_BYTES, f"{peak / 1e6:.0f} MB"


@pytest.mark.parametrize("names", [(), REAL_EVENTS], ids=["toy", "real"])
def test_damaged_events_raise_only_our_errors_within_bounds(names, request, capsys):
    real = [str(request.getfixturevalue("real_event")(name)) for name in names]
    run = subprocess.run([sys.executable, "-W", "error", __file__, *real], capture_output=True, text=True, check=False)
    with capsys.disabled():
        sys.stdout.write(run.stdout)
    assert run.returncode == 0, run.stderr


if __name__ == "__main__":
    main(sys.argv[1:])
