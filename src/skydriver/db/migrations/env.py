"""What Alembic runs: the steps, on the connection that `skydriver.db.migrate` opened, and in its transaction."""

from __future__ import annotations

from alembic import context

from skydriver.db.migrate import OPTIONS

context.configure(connection=context.config.attributes["connection"], **OPTIONS)
context.run_migrations()
