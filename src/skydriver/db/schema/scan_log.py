"""What happened to a scan, line by line."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, String, Table, Text

from skydriver.db.schema.base import metadata

scan_log = Table(
    "scan_log",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("scan", String(40), nullable=False),
    Column("time", Float, nullable=False),
    Column("source", String(80), nullable=False, comment="service, scanner, or a worker's id"),
    Column("line", Text, nullable=False),
    Index(None, "scan", "id"),
)
