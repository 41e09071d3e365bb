"""Leases: which fits a worker was given, and until when."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from skydriver.db.schema.base import metadata

tasks = Table(
    "tasks",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("scan", String(40), nullable=False),
    Column("worker", String(40), nullable=False),
    Column("fits", Text, nullable=False, comment="JSON: [nside, round, pixel, seeds] of each"),
    Column("n_fits", Integer, nullable=False),
    Column("issued", Float, nullable=False),
    Column("until", Float, nullable=False),
    Column("state", String(12), nullable=False, comment="open, answered, returned, expired or dropped"),
    Column("copy_of", String(40), comment="the task whose fits it does once more, because that one is slow"),
    Column("pool", String(80), comment="of its worker"),
    Index(None, "state", "until"),
    Index(None, "scan", "state"),
    Index(None, "worker", "state"),
)
