"""A PostgreSQL server of the tests' own."""

from __future__ import annotations

import getpass
import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

START_S = 60.0
"""A server takes at most so long to start, s."""
TEMPLATE = "skydriver_template"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "32MB",
    "log_min_messages": "fatal",
}
GUARD = '"$@" & read -r signal; kill -"${signal:-QUIT}" $!; wait $!'
"""A shell that ends the server when it is told how, and also when whoever started it is gone."""


def binaries() -> Path | None:
    """The folder of PostgreSQL's programs; the newest version's."""
    folders = Path("/usr/lib/postgresql").glob("*/bin")
    on_path = shutil.which("initdb")
    found = sorted((f for f in folders if (f / "initdb").exists()), key=lambda f: float(f.parent.name))
    return found[-1] if found else Path(on_path).parent if on_path else None


class PostgresServer:
    """Runs in a temporary folder, on a port of its own; PostgreSQL refuses root, so there as its own user.

    Parameters
    ----------
    programs
        The folder of `initdb` and `postgres`.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._as_user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
        self._user = "postgres" if self._as_user else getpass.getuser()
        self._password = secrets.token_hex(8)
        self._folder = Path(tempfile.mkdtemp(prefix="skydriver-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self._make()

    def url(self, database: str) -> str:
        """Of a database here, as the service takes it."""
        return f"postgresql://{self._user}:{self._password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        server = [self._programs / "postgres", "-D", self._data, "-p", str(self.port), "-k", self._folder, *settings]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["sh", "-c", GUARD, "sh", *server],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self._folder,
                **self._as_user,
            )
        self._wait()

    def stop(self, signal: str = "INT") -> None:
        """Stop: INT ends what goes on and closes in order, QUIT is as if the power had gone."""
        if self._process is not None:
            self._process.communicate(f"{signal}\n".encode(), timeout=START_S)
            self._process = None

    def execute(self, statement: str) -> None:
        """Run one statement outside of the tests' databases."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def copy(self, template: str) -> str:
        """Make a database from a template; its name."""
        name = f"test_{secrets.token_hex(6)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def remove(self) -> None:
        """Stop, and leave nothing."""
        self.stop("QUIT")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _make(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        if self._as_user:
            for path in (self._folder, password):
                shutil.chown(path, self._user, self._user)
        make = [self._programs / "initdb", "-D", self._data, "-U", self._user, "-A", "scram-sha-256", "-E", "UTF8"]
        subprocess.run(
            [*make, "--no-sync", f"--pwfile={password}", "--locale=C"],
            check=True,
            capture_output=True,
            cwd=self._folder,
            **self._as_user,
        )

    def _wait(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
