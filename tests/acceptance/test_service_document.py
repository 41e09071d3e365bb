"""``docs/service.md``: its examples run as they stand, one after the other, and it names every setting and route."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from needs import require
from skydriver.config import PREFIX, Settings
from skydriver.services.coordination.states import Status
from skydriver.testing.service import running_service

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "service.md"
TEXT = DOCUMENT.read_text(encoding="utf-8")
BIN = Path(sys.executable).parent


def first_cells(heading):
    """The first two cells of each row of the table whose first column has this heading."""
    for line in TEXT.split(f"| {heading} |", 1)[1].splitlines()[2:]:
        if not line.startswith("|"):
            return
        first, second, *_ = line.strip("|").split(" |")
        yield first.strip().strip("`"), second.strip().strip("`")


def test_every_setting_is_there_with_its_default():
    documented = dict(first_cells("Variable"))
    assert set(documented) == {PREFIX + name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if field.default_factory is None and field.default not in (None, ()):
            assert documented[PREFIX + name.upper()] == str(field.default)


def test_every_status_is_there():
    assert [status for status, _ in first_cells("`skydriver.status`")] == list(Status)


def test_every_route_is_there():
    app = pytest.importorskip("skydriver.api.app").build_app(None)
    ours = {
        f"{method.upper()} {path.replace('{scan_id}', 'ID').replace('{name}', 'NAME')}"
        for path, methods in app.openapi()["paths"].items()
        for method in methods
        if not path.startswith("/workers")
    }
    assert {route for route, _ in first_cells("Route")} == ours


def test_every_example_runs(tmp_path):
    require(present=shutil.which("curl") is not None, what="curl")
    blocks = re.findall(r"^```sh\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    script = "\n".join(block for block in blocks if block != "skydriver serve &\n")
    assert script.count("curl ") >= 9
    with running_service(tmp_path / "service", workers=1) as running:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            env=os.environ | {"SKYDRIVER_URL": running.url, "PATH": f"{BIN}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert "RA " in done.stdout
    assert list((tmp_path / "products").glob("*.png"))
    assert {path.name for path in (tmp_path / "fetched").iterdir()}
