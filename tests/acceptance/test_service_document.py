"""``docs/service.md``: its examples run as they stand, one after the other, and it names every setting and route."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import get_args

import pytest

from needs import require
from skydriver.config import PREFIX, Settings
from skydriver.db.database import Database
from skydriver.db.search.places import COLUMNS, DOCUMENTS
from skydriver.services.context import Service
from skydriver.services.coordination.news import Kind
from skydriver.services.coordination.states import Status
from skydriver.services.operators.exposition import _Now, _told
from skydriver.services.operators.levels import Levels
from skydriver.services.search.filters import JOINING, OPERATORS
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


def test_every_metric_is_there_with_its_kind_and_its_meaning(tmp_path):
    with closing(Database(f"sqlite:///{tmp_path / 'none'}")) as database:
        service = Service(Settings(data=tmp_path), database)
        told = [
            *service.metrics.registry.collect(),
            *_Now(service, 0).collect(),
            *_told(Levels({"queued": 1}, {"alert": 1}, 0.0, {"local": 1}, 0)),
        ]
    ours = {
        f"{family.name}_total" if family.type == "counter" else family.name: (family.type, family.documentation)
        for family in told
        if family.name.startswith("skydriver_")
    }
    documented = {name: kind.partition(" ")[0] for name, kind in first_cells("Metric")}
    assert documented == {name: kind for name, (kind, _) in ours.items()}
    for name, (_, meaning) in ours.items():
        (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| `{name}` |")]
        assert meaning.rstrip(".") in row


def test_every_kind_of_event_is_there():
    assert {kind for kind, _ in first_cells("Event")} == {*get_args(Kind), "snapshot", "pixels"}


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


def test_every_member_that_scans_are_found_by_is_there():
    members = "".join(f"`{cell}`" for cell, _ in first_cells("Member"))
    named = {name for name in (*COLUMNS, *DOCUMENTS) if f"`{name}`" in members}
    below = {name for name in COLUMNS if f"`{name.removeprefix('skydriver.')}`" in members}
    assert named | below == {*COLUMNS, *DOCUMENTS}


def test_every_operator_of_filters_is_there():
    told = "".join(first for first, _ in first_cells("Operator"))
    assert set(re.findall(r"\$\w+", told)) == {*OPERATORS, *JOINING}
