"""Scans that can be searched, followed, replaced and published."""

from __future__ import annotations

import json
from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, String, Text, text

revision = "0002"
down_revision = "0001"

AGEING_S, ALERT, FAR_S = 60.0, 100, 1e8
"""As `skydriver.services.coordination.backlog` ranked scans when this step was written."""
NEW_INDEXES = (
    ("told_run_id", "told_event_id"),
    ("status", "rank"),
    ("status", "created"),
    ("created", "id"),
    ("event",),
    ("owner", "created"),
)
OLD_INDEX = ("status", "priority", "created")


def upgrade() -> None:
    """Add what is new, and fill it in for the scans that are there."""
    _additions()
    _feed()
    _products()
    with op.batch_alter_table("fits") as fits:
        fits.add_column(Column("sequence", Integer, comment="the how manieth of its scan that was done, from 1"))
        fits.create_index("ix_fits_scan_sequence", ["scan", "sequence"])
    with op.batch_alter_table("tasks") as tasks:
        about = "the task whose fits it does once more, because that one is slow"
        tasks.add_column(Column("copy_of", String(40), comment=about))
    with op.batch_alter_table("scans") as scans:
        for column in _new_of_scans():
            scans.add_column(column)
    _fill_in()
    with op.batch_alter_table("scans") as scans:
        scans.alter_column("rank", nullable=False)
        scans.drop_index(_index(OLD_INDEX))
        for columns in NEW_INDEXES:
            scans.create_index(_index(columns), list(columns))


def downgrade() -> None:
    """Take away what is new."""
    with op.batch_alter_table("scans") as scans:
        for columns in NEW_INDEXES:
            scans.drop_index(_index(columns))
        scans.create_index(_index(OLD_INDEX), list(OLD_INDEX))
        for column in _new_of_scans():
            scans.drop_column(str(column.name))
    with op.batch_alter_table("tasks") as tasks:
        tasks.drop_column("copy_of")
    with op.batch_alter_table("fits") as fits:
        fits.drop_index("ix_fits_scan_sequence")
        fits.drop_column("sequence")
    op.execute("UPDATE scans SET event_metadata = NULL WHERE engine <> 'external'")
    for table in ("products", "feed", "additions"):
        op.drop_table(table)


def _new_of_scans() -> tuple[Column[Any], ...]:
    return (
        Column("rank", Float, comment="whose turn it is: the lowest first (coordination.backlog)"),
        Column("told_run_id", BigInteger, comment="what it says of the run: scans are looked for by it"),
        Column("told_event_id", BigInteger, comment="the same of the event"),
        Column("replaced_by", String(40), comment="the scan that stands in its place"),
        Column("ewms_workflow_id", Text, comment="as a program of 2025 said"),
        Column("ewms_address", Text, comment="the same"),
    )


def _index(columns: tuple[str, ...]) -> str:
    return "_".join(("ix_scans", *columns))


def _additions() -> None:
    op.create_table(
        "additions",
        Column("scan", String(40), primary_key=True),
        Column("key", String(200), primary_key=True, comment="of the request"),
        Column("cluster", String(200), nullable=False),
        Column("n_workers", Integer, nullable=False),
        Column("time", Float, nullable=False),
    )


def _feed() -> None:
    op.create_table(
        "feed",
        Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
        Column("scan", String(40), nullable=False),
        Column("time", Float, nullable=False),
        Column("kind", String(20), nullable=False, comment="services.coordination.news"),
        Column("data", Text, nullable=False, comment="JSON"),
        Index(None, "scan", "id"),
    )


def _products() -> None:
    op.create_table(
        "products",
        Column("scan", String(40), primary_key=True),
        Column("name", String(40), primary_key=True),
        Column("options", String(64), primary_key=True, comment="hash of how it was to be made"),
        Column("version", String(64), nullable=False, comment="of which map: the final one, or so far"),
        Column("blob", LargeBinary, nullable=False),
        Column("made", Float, nullable=False),
    )


def _fill_in() -> None:
    """Ranks, and what manifests say of the events; our own scans had that of the event itself."""
    connection = op.get_bind()
    asked = text(
        "SELECT scans.id, engine, scans.created, priority, scans.run_id, scans.event_id, scans.is_real, mjd, "
        "event_metadata FROM scans LEFT JOIN events ON events.id = scans.event"
    )
    rows = [_filled(row) for row in connection.execute(asked).all()]
    if rows:
        names = ("rank", "event_metadata", "told_run_id", "told_event_id")
        values = ", ".join(f"{name} = :{name}" for name in names)
        update = f"UPDATE scans SET {values} WHERE id = :which"  # noqa: S608 - names of columns
        connection.execute(text(update), rows)


def _filled(row: Any) -> dict[str, Any]:
    scan, engine, created, priority, run_id, event_id, is_real, mjd, told = row
    said = json.loads(told) if told else None
    if engine != "external":
        said = {"run_id": run_id, "event_id": event_id, "event_type": "", "mjd": mjd, "is_real_event": bool(is_real)}
    return {
        "which": scan,
        "rank": created - priority * (FAR_S if priority >= ALERT else AGEING_S),
        "event_metadata": None if said is None else json.dumps(said),
        "told_run_id": said and said["run_id"],
        "told_event_id": said and said["event_id"],
    }
