"""Results: final maps, and those that external scanners sent."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, LargeBinary, String, Table

from skydriver.db.schema.base import metadata

results = Table(
    "results",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("is_final", Boolean, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("document", LargeBinary, nullable=False, comment="skyscan_result, JSON"),
    Column("provenance", LargeBinary, comment="JSON; null of maps that are not ours"),
    Column("answer", LargeBinary, comment="JSON (services.answer); null of maps that are not ours"),
    Column("stored", Float, nullable=False),
)
