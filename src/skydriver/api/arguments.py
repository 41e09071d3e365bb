"""Arguments of paths and queries, as every route takes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from skydriver.services.scan_lines import MAX_LINES

ScanId = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z_]{1,40}$", description="The id that launching the scan answered with.")
]
IncludeDeleted = Annotated[bool, Query(description="Whether to show what was marked as deleted.")]
Flag = Annotated[bool, Query()]
Number = Annotated[int, Query(ge=0, lt=2**63)]
NoRedirect = Annotated[bool, Query(description="Whether to answer for this very scan where another took its place.")]
After = Annotated[int, Query(ge=0, lt=2**63, description="The number of the line before the first that is told.")]
Limit = Annotated[int, Query(ge=1, le=MAX_LINES, description="How many lines at most.")]
Names = Annotated[
    str | None, Query(max_length=10_000, description="Which fields are told: names with | between them, * for all.")
]
