"""All scans of a request in one pool: a wider one is as if it began so wide, and an interrupt keeps the whole map."""

import dataclasses

import pytest

from skydriver.services.event_summary import load
from skydriver.services.interrupts import Interrupts
from skydriver.services.local_scan import LocalScan
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.services.result import sky_map
from skydriver.services.scan_run import ScanRun
from skydriver.services.sky_region import SkyRegion
from skydriver.skymap.npz_format import write_npz
from skydriver.worker.pool import Pool
from skydriver.worker.task import Job, Model

NSIDES = "4:0,32:2,256:1"
"""Its last stage is one pixel of nside 32, three square degrees, which hold no 90 % region of 0.8 degrees per axis."""


@pytest.fixture(scope="module")
def example():
    return load("example")


def run_of(example, **options: object):
    """A run, and what interrupts it."""
    request = ScanRequest(nsides=NSIDES, workers=2, **options)
    interrupts = Interrupts()
    interrupts.hold()
    return ScanRun(example, prepare(example, request), request, interrupts)


def nothing_to_show(_progress):
    pass


def done(run, show=nothing_to_show):
    run.run(show)
    return run


@pytest.fixture(scope="module")
def plain(example):
    """A run that asks for no more than the map."""
    return done(run_of(example))


@pytest.fixture(scope="module")
def enclosed(example):
    return done(run_of(example, enclose=True))


def bytes_of(skymap, path):
    write_npz(skymap, path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("reco", "narrow", "wide"),
    [("dummy:3", "1:0,4:4", "1:0,4:8"), ("dummy", "1:0,2:2,8:7", "1:0,2:2,8:8"), ("pandel_mpe", "1:0,4:2", "1:0,4:4")],
)
def test_a_wider_scan_has_the_bytes_of_one_that_was_wide_from_the_start(example, tmp_path, reco, narrow, wide):
    request = ScanRequest(reco, narrow, workers=2)
    cleaned, mjd = prepare(example, request), example.header.mjd
    with Pool(Job((Model(reco, cleaned.pulses),), 10.0), 2) as pool:
        scan = LocalScan(request, cleaned.pulses, mjd)
        scan.run_in(pool, nothing_to_show)
        wider = scan.widened()
        assert wider.request == dataclasses.replace(request, nsides=wide)
        wider.run_in(pool, nothing_to_show)
        whole = LocalScan(wider.request, cleaned.pulses, mjd)
        whole.run_in(pool, nothing_to_show)
    maps = [sky_map(one, example, cleaned) for one in (wider, whole)]
    assert maps[0] == maps[1]
    assert bytes_of(maps[0], tmp_path / "wider.npz") == bytes_of(maps[1], tmp_path / "whole.npz")
    if reco != "pandel_mpe":  # which makes the sweeps of the last stage again
        assert wider.n_fits == whole.n_fits
    assert wider.fit_cpu_seconds > scan.fit_cpu_seconds


def test_a_scan_that_refines_all_cannot_be_wider(example):
    pulses = prepare(example, ScanRequest("dummy")).pulses
    for nsides in ("2:0", "1:0,2:12"):
        assert LocalScan(ScanRequest("dummy", nsides), pulses, example.header.mjd).widened() is None


def test_a_map_that_is_too_small_is_widened_until_it_encloses_the_region(plain, enclosed):
    assert plain.regions.truncated
    assert plain.scan.request.nsides == NSIDES
    assert not enclosed.regions.truncated
    assert enclosed.skymap.n_pixels > plain.skymap.n_pixels
    assert enclosed.skymap.provenance.nsides[:2] == plain.skymap.provenance.nsides[:2]
    assert enclosed.skymap.best_fit() is not None
    assert (enclosed.interrupted, plain.interrupted) == (None, None)
    assert enclosed.n_fits > plain.n_fits


def test_what_encloses_it_is_a_scan_that_asked_for_so_many(example, enclosed):
    asked = ",".join(f"{nside}:{pixels}" for nside, pixels in enclosed.skymap.provenance.nsides)
    request = dataclasses.replace(run_of(example).request, nsides=asked)
    again = done(ScanRun(example, prepare(example, request), request, Interrupts()))
    assert again.skymap == enclosed.skymap
    assert again.regions.as_dict() == enclosed.regions.as_dict()


def test_in_a_disc_that_holds_no_whole_region_it_ends_with_all_that_is_inside(example, plain):
    best = plain.skymap.best_fit()
    run = done(run_of(example, enclose=True, region=SkyRegion((best.ra_deg, best.dec_deg), 0.5)))
    assert run.regions.truncated
    assert run.interrupted is None
    wider = run.scan.widened()
    if wider is not None:  # more pixels may be asked for, but there are none inside
        assert all(wanted.round > 0 for wanted in wider.ledger.plan().certain)


@pytest.mark.parametrize("reco", ["dummy", "crash_dummy:1"])
def test_without_a_region_there_is_nothing_to_enclose(example, reco):
    request = ScanRequest(reco, "1:0,2:1", enclose=True)
    run = done(ScanRun(example, prepare(example, request), request, Interrupts()))
    assert (run.regions, run.interrupted, run.scan.request.nsides) == (None, None, "1:0,2:1")


def test_an_interrupt_of_the_first_scan_leaves_a_partial_map(example):
    run = run_of(example, enclose=True, systematics=True)
    run.run(lambda state: run.interrupts.ask() if state.best is not None else None)
    assert run.interrupted == "scan"
    assert run.skymap.partial
    assert 0 < run.skymap.n_pixels < 192
    assert (run.topology, run.regions) == (None, None)
    assert (run.systematics.results, run.systematics.spread, run.systematics.complete) == ((), None, False)


def test_an_interrupt_of_the_wider_scan_keeps_the_first_map_whole(example, plain):
    run = run_of(example, enclose=True, systematics=True)
    run.run(lambda _: run.interrupts.ask() if run.interrupted == "wider scan" else None)
    assert run.interrupted == "wider scan"
    assert not run.skymap.partial
    assert run.skymap == plain.skymap
    assert run.regions.as_dict() == plain.regions.as_dict()
    assert not run.systematics.complete
    assert run.n_fits > plain.n_fits


def test_an_interrupt_of_the_variants_keeps_those_that_were_finished(example, plain):
    run = run_of(example, systematics=True)
    chosen = run._variants.fit[:1] + run._variants.fit[-2:]
    run._variants = run._variants._replace(fit=chosen)
    run.run(lambda _: run.interrupts.ask() if run.rescan and run.rescan.results else None)
    assert run.interrupted == "variants"
    assert (run.skymap.partial, run.skymap) == (False, plain.skymap)
    assert [result.name for result in run.systematics.results] == [chosen[0].variant.name]
    assert run.systematics.spread.n_variants == 1
    assert not run.systematics.complete


def test_an_interrupt_when_all_is_done_cuts_nothing_short(example, plain):
    run = run_of(example)
    run.run(lambda _: run.interrupts.ask() if run.scan.ledger.plan().finished else None)
    assert run.interrupts.asked
    assert run.interrupted is None
    assert run.skymap == plain.skymap
