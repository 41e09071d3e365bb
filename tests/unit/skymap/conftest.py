"""A sky map to test with, and skyreader as the oracle."""

import warnings

import numpy as np
import pytest

from skydriver.skymap.columns import rows_from
from skydriver.skymap.provenance import PixelError, Provenance
from skydriver.skymap.skymap import EventIdentity, SkyMap

IDENTITY = EventIdentity(138632, 31747601, "gold", 60279.76, is_real_event=True)
PROVENANCE = Provenance(
    algorithm="pandel_mpe",
    algorithm_version="1.0",
    llh_meaning="first photons of an infinite track",
    nsides=((1, 0), (8, 1), (64, 2)),
    rounds=3,
    predictive_scanning_threshold=1.0,
    max_reco_time_s=60.0,
    pulse_series="SplitInIcePulses",
    cleaning="seeded RT, best 6000 ns, strings below 79",
    counts={"n_pulse": 888, "n_dom": 175, "qtot_pe": 830.4},
    geometry_hash="a" * 64,
    ice_hash="b" * 64,
    tables={"pandel": "c" * 64},
    earth_orientation="IERS-A 2026.1",
    event_hash="d" * 64,
    software_version="0.1.0",
    machine="x86-64-v3",
    selection={"exclude_strings": "1,3,5", "deepcore": "true"},
    errors=(PixelError(8, 7, "max_reco_time passed"), PixelError(1, 3, "lost")),
)


def make_map(llh_by_nside, provenance=PROVENANCE, event=IDENTITY, *, complete=True):
    """A map with the given llh at pixels 0, 1, 2, … of each nside."""
    stages = {}
    for nside, llhs in llh_by_nside.items():
        rows = ((i, llh, np.nan, 1e4 + i, 0.1 * i, -1 / (i + 1), 1e-7, 9876.5) for i, llh in enumerate(llhs))
        stages[nside] = rows_from(rows)
    return SkyMap(stages, dict.fromkeys(stages, complete), event, provenance)


@pytest.fixture(scope="session")
def new_map():
    """A function from {nside: list of llh} to a map."""
    return make_map


@pytest.fixture(scope="session")
def skyreader():
    """The package whose files ours must be."""
    with warnings.catch_warnings():
        # It overrides matplotlib's Axes.cla, which matplotlib announces to deprecate, once, while it is imported.
        warnings.filterwarnings("ignore", "Overriding `Axes.cla`", PendingDeprecationWarning)
        import skyreader
    return skyreader
