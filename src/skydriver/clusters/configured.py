"""The clusters that an operator names: one TOML file, read once when the service starts."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Annotated, Final, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from skydriver.errors import SettingError

VARIABLE: Final = "SKYDRIVER_CLUSTERS"
LOCAL: Final = "local"
MOST_BY_BUNDLE: Final = 50
"""More workers than that fetch too much from the service: an image is wanted."""

Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9][\w.-]*$")]
Line = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^[^\x00\r\n]*$")]
Baseline = Literal["x86-64-v2", "x86-64-v3", "x86-64-v4"]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class How(_Table):
    """How workers get to a pool's machines, and what is asked of these."""

    ship: Literal["container", "bundle"]
    image: Line | None = None
    """Of the container, as the pool's machines see it: a folder or a SIF file; else ``docker_tag`` names one below
    the roots of images."""
    transfer_image: bool = False
    """Whether the schedd sends the image to each machine, which see no such file themselves."""
    token_directory: Path
    """With the IDTOKENS by which the schedd knows us; files and folder are its owner's alone."""
    requirements: Line | None = None
    """A ClassAd expression that machines must fulfil, beside ours."""
    accounting_group: Line | None = None
    accounting_group_user: Line | None = None
    concurrency_limits: Line | None = None
    max_jobs: int = Field(default=10_000, ge=1, le=1_000_000)
    """Jobs of one scan at most."""
    max_memory_mb: int = Field(default=16_384, ge=128)
    """A job that needed more memory than it asked for is tried again with more, up to this."""
    worker_url: Line | None = None
    """Where this pool's workers reach the service, if not at ``SKYDRIVER_WORKER_URL``."""
    cache: Line | None = "/var/tmp"  # noqa: S108 - of the job's user, below it, and checked
    """Folder on the pool's machines below which bundles are kept for the next job; none keeps them with the job."""
    submit: dict[Name, Line] = {}
    """Further lines of the submit description; none of ours is overridden."""


class ClusterSettings(How):
    """A cluster with a name."""

    collector: Line
    schedd: Line


class Unlisted(How):
    """Clusters that requests of 2023 may name by collector and schedd alone."""

    collectors: tuple[Line, ...]
    """Patterns, such as ``*.example.org``."""


class _File(_Table):
    baseline: Baseline = "x86-64-v3"
    bundle: Path | None = None
    clusters: dict[Name, ClusterSettings] = {}
    unlisted: Unlisted | None = None

    @model_validator(mode="after")
    def _has_no_local(self) -> _File:
        if LOCAL in self.clusters:
            raise ValueError("clusters.local: that is this machine's own name")
        return self


class Named(NamedTuple):
    """A cluster that there is."""

    name: str
    """Of the configuration, or ``SCHEDD of COLLECTOR`` where it has none."""
    settings: ClusterSettings


class Clusters:
    """All that are configured. Without a file there are none.

    Parameters
    ----------
    baseline
        Instruction set of the fits of all workers, local ones too, so that any of them may fit any scan.
    bundle
        The bundle that jobs fetch.
    """

    def __init__(self, file: _File | None = None) -> None:
        self._file = file or _File()

    @property
    def baseline(self) -> Baseline | None:
        """Instruction set of the fits of all workers; None where only this machine's work."""
        return self._file.baseline if self.any else None

    @property
    def bundle(self) -> Path | None:
        """The file that jobs fetch."""
        return self._file.bundle

    @property
    def any(self) -> bool:
        """Whether there are any."""
        return bool(self._file.clusters) or self._file.unlisted is not None

    @property
    def named(self) -> list[Named]:
        """Those with a name, in the file's order."""
        return [Named(name, settings) for name, settings in self._file.clusters.items()]

    @property
    def unlisted(self) -> Unlisted | None:
        """What goes for clusters that requests name by collector and schedd alone; None: there are none."""
        return self._file.unlisted

    @property
    def hows(self) -> list[How]:
        """All that are configured, with a name or without."""
        return [*self._file.clusters.values(), *([] if self.unlisted is None else [self.unlisted])]

    @property
    def worker_urls(self) -> list[str]:
        """Addresses of the service that are some clusters' own."""
        return [how.worker_url for how in self.hows if how.worker_url is not None]

    def by_name(self, name: str) -> Named | None:
        """The cluster of that name."""
        settings = self._file.clusters.get(name)
        return None if settings is None else Named(name, settings)

    def by_address(self, collector: str, schedd: str) -> Named | None:
        """The cluster of that collector and schedd: one with a name, else what the configuration allows."""
        for named in self.named:
            if (named.settings.collector, named.settings.schedd) == (collector, schedd):
                return named
        how = self._file.unlisted
        if how is None or not any(fnmatchcase(_host(collector), pattern) for pattern in how.collectors):
            return None
        given = how.model_dump(exclude={"collectors"})
        return Named(f"{schedd} of {collector}", ClusterSettings(collector=collector, schedd=schedd, **given))


def read_clusters(path: Path | None) -> Clusters:
    """The configured clusters.

    Raises
    ------
    SettingError
        Naming ``SKYDRIVER_CLUSTERS``, and the place in the file that is wrong.
    """
    if path is None:
        return Clusters()
    try:
        with path.open("rb") as file:
            return Clusters(_File.model_validate(tomllib.load(file)))
    except OSError as error:
        raise SettingError(VARIABLE, f"{path} cannot be read: {error.strerror or error}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(VARIABLE, f"{path} is no TOML: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = first["msg"][:1].lower() + first["msg"][1:]
        raise SettingError(VARIABLE, f"{path}: {where}: {problem}" if where else f"{path}: {problem}") from error


def _host(collector: str) -> str:
    """Without its port."""
    name, colon, port = collector.rpartition(":")
    return name if colon and port.isdigit() else collector
