"""Steps from release to release, in `versions`; Alembic's own environment is `env`."""
