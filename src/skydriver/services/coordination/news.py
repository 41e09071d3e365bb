"""News of scans: which kinds there are, for those who follow them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

Kind = Literal["state", "first_pixel", "progress", "deleted", "replaced", "workers", "result"]
"""What happened.

``state``: status, code, reason; of a scan that runs ``waited_s``, of one that ended ``after_s``.
``first_pixel``: ``after_s``.
``progress``: fraction, seconds_left, pixels_done, pixels_total, fits_done, best.
``deleted``: nothing; its manifest is.
``replaced``: ``by``.
``workers``: n_workers that may fit it at once.
``result``: is_final; of an external scanner.

Times are seconds since it was submitted.
"""
Announcement: TypeAlias = tuple[str, Kind, Mapping[str, Any]]
"""Scan, kind, facts."""
