"""Every table of this release."""

from __future__ import annotations

from skydriver.db.schema.additions import additions
from skydriver.db.schema.base import metadata
from skydriver.db.schema.events import events, prepared
from skydriver.db.schema.feed import feed
from skydriver.db.schema.fits import fits
from skydriver.db.schema.pools import identity, mishaps, pools, submissions
from skydriver.db.schema.products import products
from skydriver.db.schema.results import results
from skydriver.db.schema.scan_log import scan_log
from skydriver.db.schema.scans import scans
from skydriver.db.schema.tasks import tasks
from skydriver.db.schema.workers import tokens, workers

__all__ = [
    "additions",
    "events",
    "feed",
    "fits",
    "identity",
    "metadata",
    "mishaps",
    "pools",
    "prepared",
    "products",
    "results",
    "scan_log",
    "scans",
    "submissions",
    "tasks",
    "tokens",
    "workers",
]
