"""Fixtures for every tier."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no deadline", deadline=None)  # a busy machine is no fault of the code
settings.load_profile("no deadline")

REPOSITORY = Path(__file__).resolve().parent.parent


def require(*, present: bool, what: str) -> None:
    """Skip a test that lacks `what`, or fail it where SKYDRIVER_TEST_REQUIRE=all."""
    if present:
        return
    if os.environ.get("SKYDRIVER_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and SKYDRIVER_TEST_REQUIRE=all")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real events and detector tables beside the checkout."""
    folder = Path(os.environ.get("SKYDRIVER_SHARED", REPOSITORY.parent / "shared"))
    require(present=(folder / "events").is_dir(), what=f"the folder of real events ({folder})")
    return folder


@pytest.fixture
def real_event(shared: Path):
    """A function from a real event's name to its file."""
    return lambda name: shared / "events" / f"{name}.json"


@pytest.fixture(scope="session")
def notice_schemas() -> Path:
    """The folder of the public schemas of notices, as npm unpacks them (`tests/schemas`)."""
    folder = REPOSITORY / "tests" / "schemas" / "node_modules" / "@nasa-gcn" / "schema"
    require(present=folder.is_dir(), what="the npm package @nasa-gcn/schema (make test installs it)")
    return folder
