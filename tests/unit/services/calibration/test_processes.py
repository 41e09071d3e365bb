"""Whole events in processes: every answer comes, none of the processes stays."""

from __future__ import annotations

import multiprocessing
import os
from operator import attrgetter

import pytest

from skydriver.errors import TaskEnvironmentError
from skydriver.services.calibration.known_events import Simulated
from skydriver.services.calibration.processes import in_processes
from skydriver.services.interrupts import Interrupts

ITEMS = [Simulated("cascade", seed) for seed in range(7)]


def test_every_item_is_answered_once_and_processes_end():
    before = dict(os.environ)
    answers = list(in_processes(attrgetter("seed"), ITEMS, 2, Interrupts()))
    assert sorted(answers) == [(item, item.seed) for item in ITEMS]
    assert multiprocessing.active_children() == []
    assert dict(os.environ) == before


def test_nothing_to_do_starts_nothing():
    assert list(in_processes(attrgetter("seed"), [], 2, Interrupts())) == []


def test_a_process_that_dies_is_an_error_that_names_its_item(capfd):
    with pytest.raises(TaskEnvironmentError, match="a process that worked on cascade_0 died"):
        list(in_processes(attrgetter("nothing"), ITEMS, 1, Interrupts()))
    assert "AttributeError" in capfd.readouterr().err
    assert multiprocessing.active_children() == []


def test_a_request_to_stop_that_had_to_wait_is_answered():
    interrupts = Interrupts()
    interrupts.hold()
    interrupts.ask()
    with pytest.raises(KeyboardInterrupt):
        list(in_processes(attrgetter("seed"), ITEMS, 1, interrupts))
    assert multiprocessing.active_children() == []
