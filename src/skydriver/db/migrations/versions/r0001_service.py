"""The service: events, scans, fits, leases, workers, tokens, results and logs."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the first tables."""
    _events()
    _prepared()
    _scans()
    _fits()
    _tasks()
    _workers()
    _tokens()
    _results()
    _scan_log()


def downgrade() -> None:
    """Take them away, and all that they hold."""
    for table in ("scan_log", "results", "tokens", "workers", "tasks", "fits", "scans", "prepared", "events"):
        op.drop_table(table)


def _events() -> None:
    op.create_table(
        "events",
        Column("id", String(64), primary_key=True, comment="sha256 of the canonical JSON"),
        Column("run_id", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
        Column("mjd", Float, nullable=False),
        Column("is_real", Boolean, nullable=False),
        Column("n_bytes", BigInteger, nullable=False, comment="of the JSON"),
        Column("blob", LargeBinary, nullable=False, comment="the JSON as it came, zstd"),
        Column("created", Float, nullable=False),
    )


def _prepared() -> None:
    op.create_table(
        "prepared",
        Column("id", String(64), primary_key=True, comment="sha256 of the blob"),
        Column("blob", LargeBinary, nullable=False, comment="cleaned pulses, as workers take them"),
    )


def _scans() -> None:
    op.create_table(
        "scans",
        Column("id", String(40), primary_key=True, comment="sorts by time"),
        Column("status", String(16), nullable=False, comment="services.coordination.states.Status"),
        Column("target", String(16), nullable=False, comment="the status that is wanted: done or aborted"),
        Column("code", String(40), comment="why it failed, for programs"),
        Column("reason", Text, comment="the same for people"),
        Column("engine", String(40), nullable=False, comment="what fits: skydriver-VERSION, or external"),
        Column("numerics", String(80), comment="of the workers that may fit it; null until the first"),
        Column("owner", String(80), nullable=False),
        Column("priority", Integer, nullable=False),
        Column("generation", Integer, nullable=False, comment="of the API by which it came: 2023 or 2025"),
        Column("created", Float, nullable=False),
        Column("updated", Float, nullable=False),
        Column("launched", Float),
        Column("first_pixel", Float),
        Column("ended", Float),
        Column("event", String(64), nullable=False),
        Column("run_id", BigInteger, nullable=False),
        Column("event_id", BigInteger, nullable=False),
        Column("is_real", Boolean, nullable=False),
        Column("is_deleted", Boolean, nullable=False),
        Column("request", Text, nullable=False, comment="JSON, as it is accepted back, without the event"),
        Column("request_hash", String(64), nullable=False),
        Column("idempotency_key", String(200)),
        Column("clusters", Text, nullable=False, comment="JSON, as asked for"),
        Column("n_workers", Integer, nullable=False, comment="local workers that may fit it at once"),
        Column("reco", String(200), nullable=False),
        Column("nsides", Text, nullable=False, comment="8:0,64:12"),
        Column("threshold", Float, nullable=False, comment="predictive scanning threshold"),
        Column("max_reco_time_s", Float, nullable=False),
        Column("prepared", String(64), comment="the pulses that workers fit"),
        Column("fits_done", Integer, nullable=False),
        Column("fits_failed", Integer, nullable=False),
        Column("cpu_seconds", Float, nullable=False, comment="of finished fits"),
        Column("n_stopped", Integer, nullable=False, comment="fits stopped at their time limit"),
        Column("n_lost", Integer, nullable=False, comment="fits given up with their process"),
        Column("progress", Text, comment="JSON, as a manifest shows it"),
        Column("fraction", Float, nullable=False, comment="done, 0 to 1"),
        Column("seconds_left", Float),
        Column("pixels_done", Integer, comment="pixels with a first value"),
        Column("pixels_total", Integer),
        Column("best", Text, comment="JSON: nside, pixel and llh of the best fit so far"),
        Column("event_metadata", Text, comment="JSON"),
        Column("scan_metadata", Text, comment="JSON"),
        Column("condor_clusters", Text, nullable=False, comment="JSON"),
        Column("is_served", Boolean, nullable=False, comment="whether its final result was fetched"),
        UniqueConstraint("owner", "idempotency_key"),
        Index(None, "run_id", "event_id", "is_real"),
        Index(None, "status", "priority", "created"),
        Index(None, "owner", "request_hash", "created"),
    )


def _fits() -> None:
    op.create_table(
        "fits",
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
        Index(None, "scan", "state", "nside", "round", "number"),
        Index(None, "task"),
    )


def _tasks() -> None:
    op.create_table(
        "tasks",
        Column("id", String(40), primary_key=True),
        Column("scan", String(40), nullable=False),
        Column("worker", String(40), nullable=False),
        Column("fits", Text, nullable=False, comment="JSON: [nside, round, pixel, seeds] of each"),
        Column("n_fits", Integer, nullable=False),
        Column("issued", Float, nullable=False),
        Column("until", Float, nullable=False),
        Column("state", String(12), nullable=False, comment="open, answered, returned, expired or dropped"),
        Index(None, "state", "until"),
        Index(None, "scan", "state"),
        Index(None, "worker", "state"),
    )


def _workers() -> None:
    op.create_table(
        "workers",
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
        Index(None, "pool", "state"),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        Column("hash", String(64), primary_key=True, comment="sha256: the token itself is nowhere"),
        Column("kind", String(12), nullable=False, comment="worker or scan"),
        Column("scope", String(80), nullable=False, comment="the pool, or the scan"),
        Column("first", String(64), nullable=False, comment="hash of the first token of its line"),
        Column("created", Float, nullable=False),
        Column("expires", Float, nullable=False),
        Column("seconds", Float, nullable=False, comment="for how long it and those that renew it are made"),
        Index(None, "kind", "scope"),
        Index(None, "first"),
    )


def _results() -> None:
    op.create_table(
        "results",
        Column("scan", String(40), primary_key=True),
        Column("is_final", Boolean, nullable=False),
        Column("is_deleted", Boolean, nullable=False),
        Column("document", LargeBinary, nullable=False, comment="skyscan_result, JSON"),
        Column("provenance", LargeBinary, comment="JSON; null of maps that are not ours"),
        Column("answer", LargeBinary, comment="JSON (services.answer); null of maps that are not ours"),
        Column("stored", Float, nullable=False),
    )


def _scan_log() -> None:
    op.create_table(
        "scan_log",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("scan", String(40), nullable=False),
        Column("time", Float, nullable=False),
        Column("source", String(80), nullable=False, comment="service, scanner, or a worker's id"),
        Column("line", Text, nullable=False),
        Index(None, "scan", "id"),
    )
