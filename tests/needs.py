"""What some tests need and not every machine has."""

from __future__ import annotations

import os

import pytest


def require(*, present: bool, what: str) -> None:
    """Skip a test that lacks `what`, or fail it where SKYDRIVER_TEST_REQUIRE=all."""
    if present:
        return
    if os.environ.get("SKYDRIVER_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} is missing, and SKYDRIVER_TEST_REQUIRE=all")
    pytest.skip(f"{what} is missing")
