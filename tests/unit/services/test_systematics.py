"""Scanning variants again around the nominal result, with a pool that knows the answer."""

import math

import hpgeom
import numpy as np
import pytest

from skydriver.detector.coordinates import angular_distance
from skydriver.scan.pixels import centres
from skydriver.services.preparation import ScanRequest
from skydriver.services.systematics import Rescan
from skydriver.services.variants import PreparedVariant, Variant
from skydriver.skymap.columns import rows_from
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.skymap import EventIdentity, SkyMap
from skydriver.testing.events import toy_pulses
from skydriver.worker.attempt import NO_FIT
from skydriver.worker.pool import Answer
from skydriver.worker.task import PixelReport

EVENT = EventIdentity(1, 1, "", 60000.0, is_real_event=False)
SIGMA_DEG = 0.5
REQUEST = ScanRequest()
PULSES = toy_pulses()
FAILURE = PixelReport("failed", *NO_FIT, 0.0, "it failed")


class KnowingPool:
    """One worker; the llh of model k is that of a Gaussian around the k-th place, or a failure where there is none."""

    def __init__(self, places) -> None:
        self.places = places
        self.tag = None
        self.models = []
        self.n_fits = 0

    def idle(self):
        return int(self.tag is None)

    def submit(self, tag, pixels):
        self.tag, (self.model,) = tag, {pixel.model for pixel in pixels}
        self.models.append(self.model)
        self.n_fits += len(pixels)

    def answers(self):
        place = self.places[self.model]
        if place is KeyboardInterrupt:
            raise KeyboardInterrupt
        tag, self.tag = self.tag, None
        return [Answer(tag, [FAILURE if place is None else self.report(fit, place) for fit in tag])]

    def report(self, fit, place):
        ra, dec = centres(fit.nside, [fit.pixel])
        away = np.degrees(angular_distance(ra[0], dec[0], *np.radians(place)))
        return PixelReport("done", 0.5 * float(away / SIGMA_DEG) ** 2, *[0.0] * 6, 0.001, None)


def nominal_at(ra, dec):
    """A map of one pixel, and its centre."""
    pixel = int(hpgeom.angle_to_pixel(512, ra, dec, nest=False))
    nominal = SkyMap({512: rows_from([(pixel, 1.0, *[0.0] * 6)])}, {512: True}, EVENT, None)
    return nominal, (nominal.best_fit().ra_deg, nominal.best_fit().dec_deg)


def rescan_of(nominal, count, radius_deg=3.0):
    variants = [Variant(f"variant_{k + 1}", REQUEST.reco, REQUEST.selection) for k in range(count)]
    return Rescan([PreparedVariant(variant, PULSES) for variant in variants], REQUEST, nominal, radius_deg)


def nothing_to_show(_progress):
    pass


@pytest.mark.parametrize(("ra", "dec"), [(359.99, 0.0), (0.01, 60.0), (77.0, 89.95), (200.0, -89.9)])
def test_a_variant_is_found_where_it_is_and_its_offset_is_on_the_sphere(ra, dec):
    """The other side of the start of right ascension or of a pole is near."""
    nominal, here = nominal_at(ra, dec)
    there = ((here[0] + 1.0) % 360.0, here[1]) if abs(dec) < 80.0 else ((ra + 180.0) % 360.0, here[1])
    rescan = rescan_of(nominal, 2)
    rescan.run_in(KnowingPool([None, here, there]), nothing_to_show)
    same, moved = rescan.results
    assert (same.ra_deg, same.dec_deg, same.offset_deg) == (*here, 0.0)
    assert moved.offset_deg == pytest.approx(separation_deg(*here, *there), abs=0.12)
    assert separation_deg(moved.ra_deg, moved.dec_deg, *there) < 0.1
    assert (same.at_edge, moved.at_edge) == (False, False)


def test_each_variant_is_fitted_by_its_model_and_has_the_area_of_its_likelihood():
    nominal, here = nominal_at(100.0, 30.0)
    rescan, pool = rescan_of(nominal, 3), KnowingPool([None, here, here, here])
    rescan.run_in(pool, nothing_to_show)
    assert list(dict.fromkeys(pool.models)) == [1, 2, 3]
    assert [result.name for result in rescan.results] == ["variant_1", "variant_2", "variant_3"]
    for result in rescan.results:
        assert result.area_deg2 == pytest.approx(math.pi * 4.61 * SIGMA_DEG**2, rel=0.03)
        assert len(result.region) == pytest.approx(result.area_deg2 / hpgeom.nside_to_pixel_area(512, degrees=True))
        assert (result.n_dom, result.error) == (PULSES.n_dom, None)
    assert rescan.n_fits == pool.n_fits > 3 * 768


@pytest.mark.parametrize(("away_deg", "at_edge"), [(0.0, False), (1.5, False), (3.5, True), (8.0, True)])
def test_a_variant_whose_minimum_lies_outside_the_disc_is_marked(away_deg, at_edge):
    nominal, (ra, dec) = nominal_at(100.0, 30.0)
    rescan = rescan_of(nominal, 1)
    rescan.run_in(KnowingPool([None, (ra, dec + away_deg)]), nothing_to_show)
    assert rescan.results[0].at_edge is at_edge


def test_a_variant_is_marked_if_only_its_coarse_stage_is_best_at_the_edge():
    nominal, (ra, dec) = nominal_at(100.0, 30.0)
    rescan, pool = rescan_of(nominal, 1), KnowingPool([None, (ra, dec)])
    gaussian = pool.report

    def report(fit, place):
        if fit.nside == 512:
            return gaussian(fit, place)
        found = gaussian(fit, (ra, dec + 3.9))
        return found._replace(llh=found.llh + 100.0)

    pool.report = report
    rescan.run_in(pool, nothing_to_show)
    (result,) = rescan.results
    assert result.at_edge
    assert result.offset_deg < 3.0


def test_a_variant_of_which_every_pixel_failed_says_why():
    nominal, here = nominal_at(100.0, 30.0)
    rescan = rescan_of(nominal, 2)
    rescan.run_in(KnowingPool([None, None, here]), nothing_to_show)
    failed, good = rescan.results
    assert failed[1:5] == (None,) * 4
    assert (failed.error, failed.at_edge, failed.region) == ("it failed", False, ())
    assert good.offset_deg == 0.0


def test_fits_that_were_stopped_are_remembered():
    nominal, here = nominal_at(100.0, 30.0)
    rescan, pool = rescan_of(nominal, 1), KnowingPool([None, here])
    stopped = FAILURE._replace(outcome="stopped")
    first = []

    def report(fit, place):
        first.append(fit)
        return stopped if fit == first[0] else gaussian(fit, place)

    gaussian, pool.report = pool.report, report
    rescan.run_in(pool, nothing_to_show)
    assert rescan.unlucky == {"stopped": 3}


def test_an_interrupt_keeps_the_finished_variants_and_counts_all_fits():
    nominal, here = nominal_at(100.0, 30.0)
    whole, rescan = rescan_of(nominal, 3), rescan_of(nominal, 3)
    whole.run_in(KnowingPool([None, here, here, here]), nothing_to_show)
    with pytest.raises(KeyboardInterrupt):
        rescan.run_in(KnowingPool([None, here, here, KeyboardInterrupt]), nothing_to_show)
    assert rescan.results == whole.results[:2]
    assert rescan.n_fits == whole.n_fits * 2 // 3
    rescan.run_in(KnowingPool([None, None, None, here]), nothing_to_show)
    assert rescan.results == whole.results
