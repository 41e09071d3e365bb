"""What the command needs before it does anything."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest

HEAVY = {"numpy", "numba", "astropy", "erfa", "matplotlib", "mocpy", "rich", "scipy", "hpgeom", "google_crc32c"}
HEAVY |= {"alembic", "fastapi", "httpx", "sqlalchemy", "structlog", "uvicorn"}
RUN = """
import sys
from skydriver.cli.main import main
try:
    main()
finally:
    import json
    print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})), file=sys.stderr)
"""
IMPORT_ALL = """
import importlib, pkgutil, skydriver
for found in pkgutil.walk_packages(skydriver.__path__, "skydriver."):
    if found.name == "skydriver.db.migrations.env":
        continue  # a script, which Alembic runs
    importlib.import_module(found.name)
    print(found.name)
"""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["--version"], ["scan", "--nonsense"]]
    + [[name, "--help"] for name in ("scan", "products", "serve", "submit", "db", "doctor")],
)
def test_help_loads_nothing_heavy(arguments):
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=False)
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert {"skydriver", "typer"} <= loaded
    assert not loaded & HEAVY


def test_a_scan_loads_nothing_of_the_products_that_it_does_not_write(tmp_path):
    """Astropy and mocpy, which FITS files and coverage maps need, would cost it a second."""
    arguments = ["scan", "example", "--reco", "dummy", "--nsides", "1:0,4:12", "--workers", "1", "--out", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], capture_output=True, text=True, check=True)
    assert list(tmp_path.glob("*.png"))
    assert not set(json.loads(done.stderr.splitlines()[-1])) & {"astropy", "mocpy"}


def test_help_names_every_command(skydriver):
    done = skydriver("--help")
    assert done.returncode == 0
    assert all(f"\n  {name} " in done.stdout for name in ("scan", "event", "simulate", "calibrate", "serve"))


def test_without_arguments_there_is_help(skydriver):
    done = skydriver()
    assert done.returncode == 2
    assert "Usage: skydriver" in done.stdout + done.stderr


def test_the_version_is_that_of_the_package(skydriver):
    assert skydriver("--version").stdout == f"{version('skydriver')}\n"


def test_every_module_can_be_imported_in_an_empty_environment(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_ALL],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {"skydriver.cli.main", "skydriver.worker.__main__", "skydriver.plots.skymap"} <= set(done.stdout.split())
    assert list(tmp_path.iterdir()) == []
