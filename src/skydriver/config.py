"""The settings of the service: one frozen object, made in ``main`` from ``SKYDRIVER_*`` variables, and passed down."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_dir
from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from skydriver.errors import SettingError

PREFIX = "SKYDRIVER_"


class Settings(BaseSettings):
    """Everything that an operator may set. Each is the variable ``SKYDRIVER_`` and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    data: Path = Field(default_factory=lambda: Path(user_data_dir("skydriver")))
    """Folder of everything that is kept, the SQLite database among it."""
    database_url: SecretStr | None = None
    """A PostgreSQL database instead of SQLite: ``postgresql://USER:PASSWORD@HOST/NAME``."""
    host: str = "127.0.0.1"
    """Address to serve on: a loopback address while no issuer of tokens is configured."""
    port: int = Field(default=8423, ge=0, le=65535)
    """Port to serve on; 0 takes a free one."""
    local_workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=0, le=1024)
    """Worker processes on this machine."""
    max_active_scans: int = Field(default=16, ge=1, le=10_000)
    """Scans that are worked on at once; the others wait, but for alerts (priority 100 and more)."""
    ageing_s: float = Field(default=60.0, gt=0.0, le=86_400.0)
    """A scan that waits for so long counts as of a priority higher by one, s."""
    max_body_bytes: int = Field(default=100_000_000, ge=1000)
    """Largest body of a request, bytes."""
    repeat_window_s: float = Field(default=60.0, ge=0.0)
    """An equal POST /scan within so long is the same scan, s."""
    lease_s: float = Field(default=15.0, ge=0.5, le=3600.0)
    """A worker that says nothing for so long loses its pixels to others, s."""
    heartbeat_s: float = Field(default=0.5, ge=0.05, le=600.0)
    """A worker says so often that it lives, s."""
    no_worker_timeout_s: float = Field(default=600.0, gt=0.0)
    """A scan that no worker takes up within so long has failed, s."""
    no_pixel_timeout_s: float = Field(default=3600.0, gt=0.0)
    """A scan in which no fit ends for so long has failed, s."""
    external_timeout_s: float = Field(default=86_400.0, gt=0.0)
    """A scan of an external scanner that says nothing for so long has failed, s."""
    max_failing_fraction: float = Field(default=0.5, gt=0.0, le=1.0)
    """A scan has failed when more than this share of its finished fits have."""
    fits_kept_s: float = Field(default=86_400.0, ge=0.0)
    """Single fits are kept for so long after the scan's end; its result stays, s."""
    image_roots: tuple[Path, ...] = ()
    """Folders below which images ``skymap_scanner:TAG`` lie, as JSON list."""
    clusters: Path | None = None
    """TOML file that names HTCondor clusters (docs/operations.md)."""
    cluster_poll_s: float = Field(default=3.0, ge=0.1, le=600.0)
    """A cluster is asked for its jobs this often while it has any of ours, s."""
    worker_bind: str | None = None
    """``HOST:PORT`` at which workers elsewhere reach this service, by TLS and by nothing but their own routes."""
    worker_url: str | None = None
    """``https://HOST:PORT`` of the same as those workers see it; else made of ``worker_bind``."""
    worker_certificate: Path | None = None
    """Certificate chain of that address, PEM; without one the service makes one of its own."""
    worker_key: Path | None = None
    """Its private key, PEM."""
    worker_ca: Path | None = None
    """Certificate by which workers know the service, PEM, if their machines do not know it."""
    bundle_downloads: int = Field(default=8, ge=1, le=1000)
    """So many workers fetch the bundle at once; the others come again a little later."""

    @property
    def url(self) -> str:
        """Of the database, as SQLAlchemy takes it; it may hold a password."""
        if self.database_url is None:
            return f"sqlite:///{self.data / 'skydriver.sqlite'}"
        given = self.database_url.get_secret_value()
        for scheme in ("postgresql://", "postgres://"):
            if given.startswith(scheme):
                return "postgresql+psycopg://" + given.removeprefix(scheme)
        return given


def read_settings(**given: object) -> Settings:
    """The settings of the environment, with what was `given` on the command line before them.

    Raises
    ------
    SettingError
        Naming the variable or option that is wrong; its value is not told, for it may be a secret.
    """
    try:
        settings = Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "settings"
        problem = first["msg"][:1].lower() + first["msg"][1:]
        raise SettingError(name if name in given else PREFIX + name.upper(), problem) from error
    except SettingsError as error:
        raise SettingError(f"{PREFIX}IMAGE_ROOTS", 'it is no JSON list such as ["/images"]') from error
    if settings.database_url is not None and not settings.url.startswith("postgresql"):
        raise SettingError("SKYDRIVER_DATABASE_URL", "it is no address of a PostgreSQL database")
    if settings.lease_s < 2 * settings.heartbeat_s:
        raise SettingError("SKYDRIVER_LEASE_S", "it is less than twice SKYDRIVER_HEARTBEAT_S")
    return settings
