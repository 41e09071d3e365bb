"""Fits: each that a scan's plan wants, and in the same row what came out, so that it counts exactly once."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, SmallInteger, String, Table, Text

from skydriver.db.schema.base import metadata

OPEN, LEASED, DONE = 0, 1, 2

fits = Table(
    "fits",
    metadata,
    Column("scan", String(40), primary_key=True),
    Column("nside", Integer, primary_key=True),
    Column("round", SmallInteger, primary_key=True),
    Column("pixel", BigInteger, primary_key=True),
    Column("seeds", String(400), primary_key=True, comment="the fits that it starts from: 8.0.33,8.1.34"),
    Column("number", Integer, nullable=False, comment="order in its round"),
    Column("state", SmallInteger, nullable=False, comment="0 open, 1 leased, 2 done"),
    Column("payload", Text, nullable=False, comment="JSON: direction, seed vertices"),
    Column("task", String(40), comment="the lease that holds it, or whose answer counted"),
    Column("failures", SmallInteger, nullable=False, comment="attempts that failed"),
    Column("losses", SmallInteger, nullable=False, comment="times that its process was lost"),
    Column("avoid", String(40), comment="the worker that it failed on last"),
    Column("llh", Float),
    Column("E_in", Float),
    Column("E_tot", Float),
    Column("x", Float),
    Column("y", Float),
    Column("z", Float),
    Column("t", Float),
    Column("cpu_seconds", Float),
    Column("error", Text),
    Column("worker", String(40)),
    Column("sequence", Integer, comment="the how manieth of its scan that was done, from 1"),
    Index(None, "scan", "state", "nside", "round", "number"),
    Index(None, "scan", "sequence"),
    Index(None, "task"),
)
