"""Fixtures for every tier."""

from __future__ import annotations

import os
import signal
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

from needs import require
from skydriver.testing.service import RunningService

RunningService.is_forked = True  # tests of how a program starts start it themselves

settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("no deadline")

# Programs that tests start get signals as from a terminal, also where something started these tests that ignores them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

pytest_plugins = ["databases", "once"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real events and detector tables beside the checkout."""
    folder = Path(os.environ.get("SKYDRIVER_SHARED", REPOSITORY.parent / "shared"))
    require(present=(folder / "events").is_dir(), what=f"the folder of real events ({folder})")
    return folder


@pytest.fixture
def real_event(shared: Path):
    """A function from a real event's name to its file."""
    return lambda name: shared / "events" / f"{name}.json"


@pytest.fixture(scope="session")
def notice_schemas() -> Path:
    """The folder of the public schemas of notices, as npm unpacks them (`tests/schemas`)."""
    folder = REPOSITORY / "tests" / "schemas" / "node_modules" / "@nasa-gcn" / "schema"
    require(present=folder.is_dir(), what="the npm package @nasa-gcn/schema (make test installs it)")
    return folder


@pytest.fixture(scope="session")
def ligo():
    """Its functions to read maps, to find credible levels, and to make statistics."""
    with warnings.catch_warnings():
        # It documents NumPy's universal functions in a way that NumPy is to drop.
        warnings.filterwarnings("ignore", "_add_newdoc_ufunc is deprecated", DeprecationWarning)
        from ligo.skymap.io import read_sky_map
        from ligo.skymap.postprocess import crossmatch
        from ligo.skymap.postprocess.util import find_greedy_credible_levels

        def read(path, *, moc=False):
            with warnings.catch_warnings():
                # Astropy says that it reads the first of two tables, the one with the map.
                warnings.filterwarnings("ignore", "hdu= was not specified but multiple tables are present")
                return read_sky_map(str(path), moc=moc)

        yield read, find_greedy_credible_levels, crossmatch


@pytest.fixture(scope="session")
def skyreader():
    """The package whose files ours must be."""
    with warnings.catch_warnings():
        # It overrides matplotlib's Axes.cla, which matplotlib announces to deprecate, once, while it is imported.
        warnings.filterwarnings("ignore", "Overriding `Axes.cla`", PendingDeprecationWarning)
        import skyreader
    return skyreader
