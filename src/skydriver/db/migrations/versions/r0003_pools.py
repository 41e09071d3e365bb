"""Workers on clusters elsewhere."""

from __future__ import annotations

import secrets

from alembic import op
from sqlalchemy import Column, Float, Index, Integer, String, Text, text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what is new: all workers so far were local ones."""
    _pools()
    _submissions()
    _mishaps()
    op.create_table(
        "identity",
        Column("id", String(40), primary_key=True, comment="of this SkyDriver, in each of its jobs"),
    )
    op.execute(text("INSERT INTO identity (id) VALUES (:id)").bindparams(id=secrets.token_hex(8)))
    with op.batch_alter_table("scans") as scans:
        scans.add_column(Column("n_local", Integer, comment="local workers among them"))
    op.execute("UPDATE scans SET n_local = n_workers")
    with op.batch_alter_table("scans") as scans:
        scans.alter_column("n_local", nullable=False)
        scans.alter_column("n_workers", comment="workers that may fit it at once")
    with op.batch_alter_table("tokens") as tokens:
        tokens.alter_column("kind", comment="worker, starter or scan")
    with op.batch_alter_table("tasks") as tasks:
        tasks.add_column(Column("pool", String(80), comment="of its worker"))
    with op.batch_alter_table("workers") as workers:
        workers.add_column(Column("scan", String(40), comment="the only one that it may fit; null for any"))


def downgrade() -> None:
    """Take away what is new."""
    with op.batch_alter_table("workers") as workers:
        workers.drop_column("scan")
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("pool")
    with op.batch_alter_table("tokens") as tokens:
        tokens.alter_column("kind", comment="worker or scan")
    with op.batch_alter_table("scans") as scans:
        scans.alter_column("n_workers", comment="local workers that may fit it at once")
        scans.drop_column("n_local")
    for table in ("identity", "mishaps", "pool_submissions", "pools"):
        op.drop_table(table)


def _pools() -> None:
    op.create_table(
        "pools",
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


def _submissions() -> None:
    op.create_table(
        "pool_submissions",
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


def _mishaps() -> None:
    op.create_table(
        "mishaps",
        Column("id", Integer, primary_key=True),
        Column("cluster", String(500), nullable=False),
        Column("host", String(200), nullable=False),
        Column("time", Float, nullable=False),
        Column("reason", Text, nullable=False),
        Index(None, "cluster", "time"),
    )
