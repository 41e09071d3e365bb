"""What scans find, made by hand: a Gaussian's map, a topology, first looks and variants."""

from __future__ import annotations

import dataclasses
from functools import cache

import hpgeom
import numpy as np
import pytest

from skydriver.recos.hypotheses import PointSource
from skydriver.services.answer import answer
from skydriver.services.first_looks import FirstLook
from skydriver.services.headline import headline
from skydriver.services.products import product_stem, write_products
from skydriver.services.publishing import publication_of
from skydriver.services.spread import Systematics, VariantResult, spread, statistical_region
from skydriver.services.summary import Summary
from skydriver.services.topology import Evidence, Topology
from skydriver.services.verdict import Findings, quote_of, verdict
from skydriver.skymap.calibration import THREE_ALERT_FLOOR
from skydriver.skymap.columns import rows_from
from skydriver.skymap.map_regions import map_regions
from skydriver.skymap.offsets import separation_deg
from skydriver.skymap.provenance import Provenance
from skydriver.skymap.skymap import EventIdentity, SkyMap

RA, DEC = 100.0, 20.0
IDENTITY = EventIdentity(123456, 21, "", 60000.0, is_real_event=True)
PROVENANCE = Provenance(
    algorithm="pandel_mpe",
    algorithm_version="3",
    llh_meaning="first photons of an infinite track",
    nsides=((8, 0), (256, 9)),
    rounds=4,
    predictive_scanning_threshold=1.0,
    max_reco_time_s=60.0,
    pulse_series="SplitInIcePulses",
    cleaning="as usual",
    counts={"n_pulse": 888, "n_dom": 175, "qtot_pe": 830.4},
    geometry_hash="a" * 64,
    ice_hash="b" * 64,
    tables={},
    earth_orientation="",
    event_hash="d" * 64,
    software_version="0.1.0",
    machine="",
)


@cache
def gaussian_map(width_deg=0.3, radius_deg=3.5, floor=1000.0):
    """The sky at nside 8, its llh far above, and a Gaussian in the pixels of nside 256 around a place."""
    pixel = hpgeom.query_circle(256, RA, DEC, radius_deg, nest=False)
    at = hpgeom.pixel_to_angle(256, pixel, nest=False)
    away = [separation_deg(RA, DEC, *place) for place in zip(*at, strict=True)]
    fine = zip(pixel.tolist(), 0.5 * (np.array(away) / width_deg) ** 2, strict=True)
    stages = {8: [(i, floor) for i in range(768)], 256: list(fine)}
    rows = {nside: rows_from([(i, llh, *[0.0] * 6) for i, llh in stage]) for nside, stage in stages.items()}
    return SkyMap(rows, {8: True, 256: True}, IDENTITY, PROVENANCE)


def with_provenance(skymap, **changes: object):
    """The same map, made otherwise."""
    return dataclasses.replace(skymap, provenance=dataclasses.replace(skymap.provenance, **changes))


def without_values():
    """A map of which every pixel failed."""
    rows = rows_from([(i, np.nan, *[np.nan] * 6) for i in range(768)])
    return SkyMap({8: rows}, {8: True}, IDENTITY, PROVENANCE)


def look_at(name="SplineMPE", away_deg=0.1, *, is_track=True, error_deg=0.2):
    """A first look so far north of the map's centre."""
    return FirstLook(name, RA, DEC + away_deg, is_track, error_deg, "bootstrap")


def variant(name="one", away_deg=0.0, *, region=(), at_edge=False):
    """What a variant found so far north of the map's centre."""
    return VariantResult(name, RA, DEC + away_deg, away_deg, 1.0, 50, at_edge, None, tuple(region))


FAILED_VARIANT = VariantResult("failed", None, None, None, None, 50, at_edge=False, error="it failed", region=())


def wide_region():
    """Pixels of a variant's own region that hold the best fit."""
    return tuple(statistical_region(gaussian_map(1.5)).tolist())


def of_variants(*results: VariantResult, complete=True):
    """What came of so many variants."""
    return Systematics(results, spread(results, gaussian_map()), (), complete)


@cache
def regions_of(skymap, label="through-going"):
    """The regions of a map, with the usual floor."""
    return map_regions(skymap, THREE_ALERT_FLOOR, label, 800.0)


def topology_of(label):
    """A topology of this label."""
    evidence = Evidence("track_significance", 12.3, "a track explains the times better, clearly")
    return Topology(label, 6.8, PointSource(10.4, 20.0, -30.6, 9000.0), (evidence,))


def findings(label="through-going", *, skymap=None, looks=None, calibrated=True, **more: object):
    """All that a verdict rests on; label None: no topology, and so no regions."""
    skymap = gaussian_map() if skymap is None else skymap
    looks = [look_at()] if looks is None else looks
    topology = None if label is None else topology_of(label)
    known = calibrated and topology is not None and not skymap.partial
    regions = regions_of(skymap, label) if known else None
    quoted = headline(skymap.best_fit(), topology, regions, looks)
    usual = {"topology": topology, "regions": regions, "headline": quoted, "systematics": None}
    return Findings(skymap, looks, **usual | more)


def published(found):
    """What may be published of findings, in memory."""
    content = answer(found, verdict(found))
    return publication_of(found.skymap, Summary.model_validate(content), quote_of(found))


def written(found, folder):
    """The files that a scan leaves of findings, by their endings."""
    paths = write_products(found.skymap, answer(found, verdict(found)), quote_of(found), folder)
    return {path.name.removeprefix(f"{product_stem(found.skymap)}."): path for path in paths}


class ByHand:
    """All of these, for tests."""

    ra_dec = (RA, DEC)
    failed_variant = FAILED_VARIANT
    findings = staticmethod(findings)
    gaussian_map = staticmethod(gaussian_map)
    look_at = staticmethod(look_at)
    published = staticmethod(published)
    written = staticmethod(written)
    of_variants = staticmethod(of_variants)
    regions_of = staticmethod(regions_of)
    topology_of = staticmethod(topology_of)
    variant = staticmethod(variant)
    wide_region = staticmethod(wide_region)
    with_provenance = staticmethod(with_provenance)
    without_values = staticmethod(without_values)


@pytest.fixture(scope="session")
def by_hand():
    return ByHand
