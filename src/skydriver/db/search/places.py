"""Where the members of a manifest of 2025 are stored: in columns of their own, or in documents of JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skydriver.db.tables import scans

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Column

_c = scans.c

TOLD: Final = (
    "status",
    "code",
    "reason",
    "owner",
    "engine",
    "reco",
    "nsides",
    "fraction",
    "seconds_left",
    "pixels_done",
    "pixels_total",
    "fits_done",
    "fits_failed",
    "cpu_seconds",
    "created",
    "launched",
    "first_pixel",
    "ended",
)
"""Columns that a manifest shows under ``skydriver`` as they are, by the same name; times are seconds since 1970."""

COLUMNS: Final[Mapping[str, Column[Any]]] = {
    "scan_id": _c.id,
    "timestamp": _c.created,
    "is_deleted": _c.is_deleted,
    "ewms_workflow_id": _c.ewms_workflow_id,
    "ewms_address": _c.ewms_address,
    "priority": _c.priority,
    "i3_event_id": _c.event,
    "event_metadata.run_id": _c.told_run_id,
    "event_metadata.event_id": _c.told_event_id,
    "replaced_by_scan_id": _c.replaced_by,
    "last_updated": _c.updated,
    **{f"skydriver.{name}": _c[name] for name in TOLD},
}
"""By the path in a manifest."""
OFTEN_MISSING: Final = frozenset({"event_metadata.run_id", "event_metadata.event_id"})
"""Of these null is no value that a manifest shows, but that there is none."""


class Document(NamedTuple):
    """An object of JSON, or null, as each database reads it out of what is stored."""

    sqlite: str
    """Text."""
    postgresql: str
    """jsonb."""


def _text(expression: str) -> Document:
    """JSON that others made: neither database can hold the letter NUL in a text. A backslash before u0000 is none."""
    clean = f"replace(replace({expression}, '\\\\u0000', '\\u005cu0000'), '\\u0000', '\\ufffd')"
    return Document(clean, f"CAST({clean} AS jsonb)")


def _answer(text: str) -> str:
    return f"(SELECT {text} FROM results WHERE results.scan = scans.id)"  # noqa: S608 - nothing of it was sent


DOCUMENTS: Final[Mapping[str, Document]] = {
    "classifiers": Document(
        "coalesce(json_extract(scans.request, '$.classifiers'), '{}')",
        "coalesce(CAST(scans.request AS jsonb) -> 'classifiers', CAST('{}' AS jsonb))",
    ),
    "event_metadata": _text("scans.event_metadata"),
    "scan_metadata": _text("scans.scan_metadata"),
    "progress": _text("scans.progress"),
    "skydriver.best": Document("scans.best", "CAST(scans.best AS jsonb)"),
    "skydriver.request": Document(
        "json_remove(scans.request, '$.scanner_server_env')",
        "(CAST(scans.request AS jsonb) - 'scanner_server_env')",
    ),
    "skydriver.answer": Document(
        _text(_answer("CAST(results.answer AS text)")).sqlite,
        _text(_answer("convert_from(results.answer, 'UTF8')")).postgresql,
    ),
}
"""By the path in a manifest."""
