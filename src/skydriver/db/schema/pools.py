"""Pools: the clusters that a scan was asked to run on, what was submitted there, and what became of it."""

from __future__ import annotations

from sqlalchemy import Column, Float, Index, Integer, String, Table, Text

from skydriver.db.schema.base import metadata

pools = Table(
    "pools",
    metadata,
    Column("id", String(40), primary_key=True, comment="the pool to which its workers belong"),
    Column("scan", String(40), nullable=False),
    Column("number", Integer, nullable=False, comment="which of the scan's clusters, from 0"),
    Column("cluster", String(500), nullable=False, comment="name of the cluster"),
    Column("collector", String(200), nullable=False),
    Column("schedd", String(200), nullable=False),
    Column("wanted", Integer, nullable=False, comment="jobs"),
    Column("memory_mb", Integer, nullable=False, comment="what a job asks for; more after one was held for memory"),
    Column("state", String(12), nullable=False, comment="active, given_up, ended"),
    Column("problem", Text, comment="what is wrong now, for people"),
    Column("refusals", Integer, nullable=False, comment="submissions in a row that the cluster refused"),
    Column("failures", Integer, nullable=False, comment="jobs that ended as they should not"),
    Column("not_before", Float, nullable=False, comment="nothing is submitted before this moment"),
    Column("statuses", Text, nullable=False, comment="JSON: numbers of jobs by their status"),
    Column("errors", Text, nullable=False, comment="JSON: numbers of jobs by what went wrong"),
    Index(None, "scan"),
    Index(None, "state", "cluster"),
)

submissions = Table(
    "pool_submissions",
    metadata,
    Column("id", String(40), primary_key=True, comment="stands in each of its jobs"),
    Column("pool", String(40), nullable=False),
    Column("state", String(12), nullable=False, comment="intended, submitted or gone"),
    Column("cluster_id", Integer, comment="HTCondor's number, as soon as it is known"),
    Column("n_jobs", Integer, nullable=False),
    Column("memory_mb", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("ended_jobs", Text, nullable=False, comment="JSON: what became of each job that ended, by its number"),
    Index(None, "pool", "state"),
)

mishaps = Table(
    "mishaps",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String(500), nullable=False),
    Column("host", String(200), nullable=False),
    Column("time", Float, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "cluster", "time"),
)

identity = Table(
    "identity",
    metadata,
    Column("id", String(40), primary_key=True, comment="of this SkyDriver, in each of its jobs"),
)
