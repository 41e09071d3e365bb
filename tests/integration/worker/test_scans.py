"""A scan comes to the same in a pool of its own, after another one in a pool of several models, and without a pool."""

import numpy as np
import pytest

from skydriver.services.event_summary import load
from skydriver.services.inline_scan import scan_inline
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, Model

NSIDES = "1:0,2:4,4:3"
RECOS = ("pandel_mpe", "pandel_mpe:length=33.3:jitter=8:photons=1")


def request_of(reco, threshold=1.0):
    return ScanRequest(reco, NSIDES, threshold, 10.0, workers=2)


def map_of(ledger):
    """All final fits as exact texts, but for the time that they took; complete stages only."""
    stages = ledger.final_fits().values()
    assert all(stage.complete for stage in stages)
    return [repr(fit._replace(cpu_seconds=0.0)) for stage in stages for fit in stage.fits]


def nothing_to_show(_progress):
    pass


@pytest.fixture(scope="module")
def example():
    """Cleaned pulses and time of the bundled event."""
    event = load("example")
    return prepare(event, request_of("pandel_mpe")).pulses, event.header.mjd


@pytest.fixture(scope="module")
def alone(example):
    """A function from an algorithm to the map of a scan in a pool of its own."""
    known = {}

    def scan(reco):
        if reco not in known:
            known[reco] = LocalScan(request_of(reco), *example)
            with Pool(Job((Model(reco, example[0]),), 10.0), 2) as pool:
                known[reco].run_in(pool, nothing_to_show)
        return map_of(known[reco].ledger)

    return scan


def open_pool(example):
    return Pool(Job(tuple(Model(reco, example[0]) for reco in RECOS), 10.0), 2)


def tasks_of(pool):
    return [worker.task for worker in pool._workers if worker.task is not None]


@pytest.mark.parametrize("threshold", [1.0, 0.2])
def test_in_a_row_in_one_pool_each_gives_what_it_gives_alone(example, alone, threshold):
    with open_pool(example) as pool:
        for model in (1, 0, 1):
            scan = LocalScan(request_of(RECOS[model], threshold), *example, model=model)
            scan.run_in(pool, nothing_to_show)
            assert tasks_of(pool) == []
            assert map_of(scan.ledger) == alone(RECOS[model])
    assert alone(RECOS[0]) != alone(RECOS[1])


def test_workers_killed_between_and_during_scans_change_nothing(example, alone, monkeypatch):
    """Those that get the first two tasks of each scan, then all, idle as they are."""

    def submit(tag, pixels):
        give(tag, pixels)
        if len(killed) < 2:
            killed.append(tag)
            next(worker for worker in pool._workers if worker.task == tag).process.kill()

    with open_pool(example) as pool:
        give = pool.submit
        monkeypatch.setattr(pool, "submit", submit)
        for model in (0, 1):
            scan = LocalScan(request_of(RECOS[model], 0.2), *example, model=model)
            killed = []
            scan.run_in(pool, nothing_to_show)
            assert len(killed) == 2
            assert tasks_of(pool) == []
            assert map_of(scan.ledger) == alone(RECOS[model])
            for worker in pool._workers:
                if worker.ready:
                    worker.process.kill()


@pytest.mark.parametrize("reco", [*RECOS, "dummy:3", "crash_dummy:0.3:error", "crash_dummy:0.3:nan"])
def test_without_a_pool_the_fits_are_the_same(example, alone, reco):
    """Those that fail too, with their errors."""
    request = request_of(reco)
    ledger = scan_inline(request, request.algorithm().bind(example[0]), example[1])
    assert map_of(ledger) == alone(reco)
    assert np.isfinite(ledger.best().llh)
