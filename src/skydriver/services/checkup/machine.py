"""What a service needs on its own machine."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.clusters.images import Catalogue
from skydriver.db import migrate
from skydriver.db.commit_points import CommitPoint
from skydriver.db.data_folder import open_data
from skydriver.errors import SettingError, SkyDriverError, UnavailableError
from skydriver.services.administration import existing
from skydriver.services.event_summary import EXAMPLE, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skydriver.config import Settings
    from skydriver.db.database import Database

WORKER_SECONDS: Final = 120.0
"""A worker may take so long to begin."""
CLOCK_SECONDS: Final = 2.0
"""Clocks of this machine and of its database may differ by so much."""


class Check(NamedTuple):
    """How to look at one thing."""

    name: str
    look: Callable[[Settings], str]
    """What is there; an error says what is wrong."""
    cure: str


class _NotKept(Exception):  # noqa: N818 - it is no error
    """Ends a transaction that was only tried."""


def _data(settings: Settings) -> str:
    if settings.database_url is not None:
        return "nothing is kept here: the database is PostgreSQL"
    folder = settings.data.absolute()
    try:
        if not folder.exists():
            return _still_to_be_made(folder)
        with open_data(settings):
            return str(folder)
    except UnavailableError as error:
        return str(error)


def _still_to_be_made(folder: Path) -> str:
    above = next(parent for parent in folder.parents if parent.exists())
    if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
        raise SettingError("SKYDRIVER_DATA", f"the folder {folder} cannot be made: {above} cannot be written")
    return f"{folder}, which skydriver serve makes"


def _database(settings: Settings) -> str:
    if _is_to_come(settings):
        return "there is none yet: skydriver serve makes one"
    with existing(settings) as database:
        migrate.check_schema(database)
        kind = "SQLite" if database.is_sqlite else "PostgreSQL"
        return f"{kind}, revision {migrate.revision(database)}"


def _writing(settings: Settings) -> str:
    if _is_to_come(settings):
        return "there is no database yet"
    with existing(settings) as database, suppress(_NotKept):
        _try_to_write(database)
    return "a transaction that writes was tried, and taken back"


def _try_to_write(database: Database) -> None:
    with database.transaction(CommitPoint.LOG) as connection:
        connection.exec_driver_sql("CREATE TABLE skydriver_doctor (id INTEGER)")
        raise _NotKept


def _clock(settings: Settings) -> str:
    if settings.database_url is None:
        return "of this machine"
    with existing(settings) as database, database.reading() as connection:
        apart = abs(database.now(connection) - time.time())
    if apart > CLOCK_SECONDS:
        raise UnavailableError(f"the clocks of this machine and of its database are {apart:.1f} s apart")
    return f"{apart:.1f} s from the database's"


def _is_to_come(settings: Settings) -> bool:
    return settings.database_url is None and not (settings.data / "skydriver.sqlite").exists()


def _workers(settings: Settings) -> str:
    command = [sys.executable, "-c", "import skydriver.worker.remote, skydriver.recos.pandel_mpe"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=WORKER_SECONDS, check=False)  # noqa: S603 - ours
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UnavailableError(f"a worker process cannot be started: {error}") from error
    if done.returncode:
        last = (done.stderr.decode(errors="replace").splitlines() or [f"code {done.returncode}"])[-1]
        raise UnavailableError(f"a worker process ends as it begins: {last[:300]}")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return f"{settings.local_workers} are to run, on {cores} cores"


def _address(settings: Settings) -> str:
    from skydriver.client.addresses import is_loopback  # noqa: PLC0415 - only where it is needed

    where = f"{settings.host}:{settings.port}"
    if not is_loopback(f"http://{_in_url(settings.host)}"):
        raise SettingError("host", f"{settings.host} can be reached from other machines, and no issuer is configured")
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        with socket.create_server(address[:2], family=family):
            return f"{where} is free"
    except OSError as error:
        if _serves(settings):
            return f"a SkyDriver service answers at {where}"
        raise SettingError("port", f"{where} cannot be served on: {error.strerror or error}") from error


def _serves(settings: Settings) -> bool:
    """Whether SkyDriver itself has the port."""
    from skydriver.client.client import ServiceClient  # noqa: PLC0415 - only where it is needed
    from skydriver.client.outages import Patience  # noqa: PLC0415 - only where it is needed

    try:
        with ServiceClient(f"http://{_in_url(settings.host)}:{settings.port}", Patience(0.0)) as client:
            client.find(1, 1, is_real=False)
    except SkyDriverError:
        return False
    return True


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _example(_settings: Settings) -> str:
    event = load(EXAMPLE)
    return f"run {event.header.run_id}, event {event.header.event_id}, {event.pulses.n_dom} DOMs"


def _images(settings: Settings) -> str:
    missing = [str(root) for root in settings.image_roots if not root.is_dir()]
    if missing:
        raise SettingError("SKYDRIVER_IMAGE_ROOTS", f"there is no folder {missing[0]}")
    entries = Catalogue(settings.image_roots).entries()
    usable = [entry.tag for entry in entries if entry.problem is None]
    unusable = [f"{entry.tag} {entry.problem}" for entry in entries if entry.problem is not None]
    return "; ".join([f"usable: {', '.join(usable)}", *unusable])


CHECKS: Final = (
    Check("data folder", _data, "choose a folder of a local disk that you may write to with --data or SKYDRIVER_DATA"),
    Check(
        "database",
        _database,
        "see that it is there (SKYDRIVER_DATABASE_URL); skydriver db upgrade brings it up to date",
    ),
    Check("writing", _writing, "see that the disk is not full, and that the database lets this user write"),
    Check("clock", _clock, "set both clocks by NTP: leases go by the database's"),
    Check("local workers", _workers, "install SkyDriver anew, with all that it needs"),
    Check("address", _address, "end what has the port, or choose another with SKYDRIVER_PORT or serve --port"),
    Check("example event", _example, "install SkyDriver anew: its own event cannot be read"),
    Check("images", _images, "name folders that are there in SKYDRIVER_IMAGE_ROOTS, as a JSON list"),
)
"""In the order in which they are told."""
