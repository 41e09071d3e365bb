"""Events as they were submitted, and what workers need of them; each stored once, by the hash of its content."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, LargeBinary, String, Table

from skydriver.db.schema.base import metadata

events = Table(
    "events",
    metadata,
    Column("id", String(64), primary_key=True, comment="sha256 of the canonical JSON"),
    Column("run_id", BigInteger, nullable=False),
    Column("event_id", BigInteger, nullable=False),
    Column("mjd", Float, nullable=False),
    Column("is_real", Boolean, nullable=False),
    Column("n_bytes", BigInteger, nullable=False, comment="of the JSON"),
    Column("blob", LargeBinary, nullable=False, comment="the JSON as it came, zstd"),
    Column("created", Float, nullable=False),
)

prepared = Table(
    "prepared",
    metadata,
    Column("id", String(64), primary_key=True, comment="sha256 of the blob"),
    Column("blob", LargeBinary, nullable=False, comment="cleaned pulses, as workers take them"),
)
