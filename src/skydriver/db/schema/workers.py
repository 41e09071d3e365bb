"""Worker processes that registered, and the tokens by which programs show what they may do."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from skydriver.db.schema.base import metadata

workers = Table(
    "workers",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("pool", String(80), nullable=False),
    Column("token", String(64), nullable=False, comment="sha256 of the token that it registered with"),
    Column("host", String(200), nullable=False),
    Column("pid", Integer, nullable=False),
    Column("cpu", String(200), nullable=False),
    Column("engine", String(40), nullable=False),
    Column("numerics", String(80), nullable=False),
    Column("registered", Float, nullable=False),
    Column("seen", Float, nullable=False),
    Column("state", String(12), nullable=False, comment="alive or gone"),
    Column("reason", Text, comment="why it is gone"),
    Column("scan", String(40), comment="the only one that it may fit; null for any"),
    Index(None, "pool", "state"),
)

tokens = Table(
    "tokens",
    metadata,
    Column("hash", String(64), primary_key=True, comment="sha256: the token itself is nowhere"),
    Column("kind", String(12), nullable=False, comment="worker, starter or scan"),
    Column("scope", String(80), nullable=False, comment="the pool, or the scan"),
    Column("first", String(64), nullable=False, comment="hash of the first token of its line"),
    Column("created", Float, nullable=False),
    Column("expires", Float, nullable=False),
    Column("seconds", Float, nullable=False, comment="for how long it and those that renew it are made"),
    Index(None, "kind", "scope"),
    Index(None, "first"),
)
