"""The result does not depend on the number of workers, the order of their answers, or how often they are killed."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal

import pytest

SETTINGS = ("--nsides", "2:0,8:8,32:4")


def products(folder):
    """The bytes of what is compared: everything but the picture."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".png"}


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory, command):
    scan = command(tmp_path_factory.mktemp("one"))
    answer = scan.json("scan", "example", *SETTINGS, "--workers", "1")
    assert answer["n_pixels"] == 48 + 128 + 64
    return products(scan.folder / "out"), answer["n_fits"]


@pytest.mark.parametrize("workers", [2, 4])
def test_with_any_number_of_workers(skydriver, one_worker, workers):
    skydriver.json("scan", "example", *SETTINGS, "--workers", workers)
    assert products(skydriver.folder / "out") == one_worker[0]


def test_with_workers_and_fits_that_are_killed(skydriver, one_worker, processes):
    chance = random.Random(1)  # noqa: S311 - not for secrets
    scan = skydriver.start("scan", "example", *SETTINGS, "--workers", "2", "--json")
    found = processes(scan)
    found.wait_until(lambda: len(found.fitting()) == 2)
    for victim in (chance.choice(found.fitting()), *found.workers()):  # a fit, then every worker
        os.kill(victim, signal.SIGKILL)
    alive = []
    found.wait_until(lambda: alive.append((found.fitting(), found.workers())) or all(alive[-1]))
    for victims in alive[-1]:
        with contextlib.suppress(ProcessLookupError):  # it may have ended since
            os.kill(chance.choice(victims), signal.SIGKILL)
    answer = json.loads(skydriver.end(scan)[0])
    assert scan.returncode == 0
    assert answer["not_reproducible"] == []
    assert answer["n_fits"] > one_worker[1]
    assert products(skydriver.folder / "out") == one_worker[0]


def test_with_work_started_early(skydriver, one_worker):
    """The same rows; the provenance names the threshold."""
    skydriver.json("scan", "example", *SETTINGS, "--workers", "2", "--predictive-scanning-threshold", "0.3")
    found, before = products(skydriver.folder / "out"), one_worker[0]
    maps = [name for name in found if name.endswith("2_8_32.json")]
    assert [found[name] for name in maps] == [before[name] for name in maps]
    (name,) = [name for name in found if name.endswith(".provenance.json")]
    after, before = json.loads(found[name]), json.loads(before[name])
    assert after.pop("predictive_scanning_threshold") == 0.3
    assert before.pop("predictive_scanning_threshold") == 1.0
    assert after == before
