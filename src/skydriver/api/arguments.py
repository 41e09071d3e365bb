"""Arguments of paths and queries, as every route takes them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

ScanId = Annotated[
    str, Path(pattern=r"^[0-9A-Za-z_]{1,40}$", description="The id that launching the scan answered with.")
]
IncludeDeleted = Annotated[bool, Query(description="Whether to show what was marked as deleted.")]
Flag = Annotated[bool, Query()]
Number = Annotated[int, Query(ge=0, lt=2**63)]
