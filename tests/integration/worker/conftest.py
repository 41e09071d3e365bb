"""Waiting for conditions, looking at processes, and a limit on everything."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from skydriver.testing.events import toy_pulses
from skydriver.worker.task import PixelTask

PATIENCE_S = 60


@pytest.fixture(autouse=True)
def _limit():
    """No test waits for ever."""

    def give_up(_number, _frame):
        raise TimeoutError(f"this test took more than {PATIENCE_S} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(PATIENCE_S)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="session")
def wait_until():
    """A function that returns as soon as `condition()` holds."""

    def wait(condition):
        while not condition():
            time.sleep(0.005)

    return wait


def stat(pid):
    """State and parent of a process, or X and 0 where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X", 0
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


@pytest.fixture(scope="session")
def is_alive():
    """A function: whether a process exists and is no zombie."""
    return lambda pid: stat(pid)[0] not in "XZ"


@pytest.fixture(scope="session")
def children():
    """A function: pids of the children of a process, zombies too."""
    return lambda pid: [int(p.name) for p in Path("/proc").iterdir() if p.name.isdecimal() and stat(p.name)[1] == pid]


@pytest.fixture(autouse=True)
def _nothing_left(children):
    """A test leaves no child behind, running or zombie."""
    before = set(children(os.getpid()))
    yield
    assert set(children(os.getpid())) <= before


@pytest.fixture(scope="session")
def tasks():
    """A function: so many pixels without seeds, always the same."""

    def make(n):
        vectors = np.random.default_rng(5).normal(size=(n, 3))
        return [PixelTask(tuple((v / np.linalg.norm(v)).tolist()), ()) for v in vectors]

    return make


@pytest.fixture(scope="session")
def pulses():
    every = toy_pulses()
    return every.select(every.om <= 60)
