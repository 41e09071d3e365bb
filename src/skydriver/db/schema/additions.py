"""Workers that were added to scans: each request counts once, however often it is sent."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, String, Table

from skydriver.db.schema.base import metadata

additions = Table(
    "additions",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("key", String(200), primary_key=True, comment="of the request"),
    Column("cluster", String(200), nullable=False),
    Column("n_workers", Integer, nullable=False),
    Column("time", Float, nullable=False),
)
