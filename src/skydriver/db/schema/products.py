"""Products that were made of a scan's map, kept so that they need not be made again."""

from __future__ import annotations

from sqlalchemy import Column, Float, LargeBinary, String, Table

from skydriver.db.schema.base import metadata

products = Table(
    "products",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("options", String(64), primary_key=True, comment="hash of how it was to be made"),
    Column("version", String(64), nullable=False, comment="of which map: the final one, or so far"),
    Column("blob", LargeBinary, nullable=False),
    Column("made", Float, nullable=False),
)
