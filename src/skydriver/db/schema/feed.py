"""News: what changed of which scan, in the order in which it was committed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from skydriver.db.schema.base import metadata

feed = Table(
    "feed",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("scan", String(40), nullable=False),
    Column("time", Float, nullable=False),
    Column("kind", String(20), nullable=False, comment="services.coordination.news"),
    Column("data", Text, nullable=False, comment="JSON"),
    Index(None, "scan", "id"),
)
