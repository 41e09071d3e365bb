"""Every table of this release."""

from __future__ import annotations

from skydriver.db.schema.base import metadata
from skydriver.db.schema.events import events, prepared
from skydriver.db.schema.fits import fits
from skydriver.db.schema.results import results
from skydriver.db.schema.scan_log import scan_log
from skydriver.db.schema.scans import scans
from skydriver.db.schema.tasks import tasks
from skydriver.db.schema.workers import tokens, workers

__all__ = ["events", "fits", "metadata", "prepared", "results", "scan_log", "scans", "tasks", "tokens", "workers"]
