"""${message}."""

from __future__ import annotations

from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Go on to this revision."""
    ${upgrades}


def downgrade() -> None:
    """Go back to the one before."""
    ${downgrades}
