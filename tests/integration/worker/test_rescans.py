"""Variants scanned in one pool behind the nominal scan: the workers' number changes nothing, nor does an interrupt."""

import pytest

from skydriver.services.event_summary import load
from skydriver.services.interrupts import Interrupts
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import POINTED_NSIDES, ScanRequest, prepare
from skydriver.services.result import sky_map
from skydriver.services.spread import spread
from skydriver.services.systematics import Rescan
from skydriver.services.variants import PreparedVariant, Variant, prepare_variants
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, Model

RADIUS_DEG = 8.0
CHOSEN = ("length_33", "photons_1", "even_strings")


def request_of(workers):
    return ScanRequest(nsides="8:0,64:3", workers=workers)


def nothing_to_show(_progress):
    pass


@pytest.fixture(scope="module")
def example():
    return load("example")


@pytest.fixture(scope="module")
def prepared(example):
    """The nominal choice once more, then some variants."""
    request = request_of(1)
    again = PreparedVariant(Variant("nominal again", request.reco, request.selection), prepare(example, request).pulses)
    return again, *(one for one in prepare_variants(example, request).fit if one.variant.name in CHOSEN)


@pytest.fixture(scope="module")
def open_pool(example, prepared):
    """A function: so many workers for the nominal model and those of the variants."""

    def start(workers):
        request = request_of(workers)
        nominal = Model(request.reco, prepare(example, request).pulses)
        return Pool(Job((nominal, *(one.model for one in prepared)), request.fit_limit_s()), workers)

    return start


def scanned(example, pool, workers):
    request = request_of(workers)
    cleaned = prepare(example, request)
    scan = LocalScan(request, cleaned.pulses, example.header.mjd)
    scan.run_in(pool, nothing_to_show)
    return sky_map(scan, example, cleaned)


def rescan_of(prepared, nominal, workers, nsides="32:0,64:4"):
    return Rescan(prepared, request_of(workers), nominal, RADIUS_DEG, Interrupts(), nsides)


@pytest.fixture(scope="module")
def done(example, prepared, open_pool):
    """A function: the nominal map and the results of a rescan with so many workers."""
    known = {}

    def scan(workers):
        if workers not in known:
            with open_pool(workers) as pool:
                nominal = scanned(example, pool, workers)
                rescan = rescan_of(prepared, nominal, workers)
                rescan.run_in(pool, nothing_to_show)
                assert all(worker.task is None for worker in pool._workers)
            known[workers] = nominal, rescan.results
        return known[workers]

    return scan


def test_one_worker_and_two_find_the_same(done, prepared):
    (nominal, results), (_, others) = done(1), done(2)
    assert results == others
    assert [result.name for result in results] == [one.variant.name for one in prepared]
    best, again = nominal.best_fit(), results[0]
    assert (again.ra_deg, again.dec_deg, again.offset_deg) == (best.ra_deg, best.dec_deg, 0.0)
    assert all(result.error is None for result in results)
    assert len({result.region for result in results}) > 2
    assert spread(results, nominal).largest_deg == max(result.offset_deg for result in results)


def test_the_usual_stages_find_the_nominal_best_pixel_again(example, prepared, open_pool):
    request = ScanRequest(workers=2)
    cleaned = prepare(example, request)
    with open_pool(2) as pool:
        scan = LocalScan(request, cleaned.pulses, example.header.mjd)
        scan.run_in(pool, nothing_to_show)
        rescan = rescan_of(prepared[:1], sky_map(scan, example, cleaned), 2, POINTED_NSIDES)
        rescan.run_in(pool, nothing_to_show)
    assert rescan.results[0].offset_deg == 0.0


def test_an_interrupt_keeps_the_variants_that_were_finished(prepared, open_pool, done):
    nominal, results = done(2)
    rescan = rescan_of(prepared, nominal, 2)

    def ask(_progress):
        if len(rescan.results) == 2:
            rescan.interrupts.ask()

    rescan.interrupts.hold()
    with open_pool(2) as pool, pytest.raises(KeyboardInterrupt):
        rescan.run_in(pool, ask)
    assert rescan.results == results[:2]
