"""The members of a manifest that can be searched and sorted by."""

from __future__ import annotations

from typing import Final

from skydriver.db.search.documents import is_index
from skydriver.db.search.places import COLUMNS, DOCUMENTS
from skydriver.db.search.terms import Field
from skydriver.errors import SettingError
from skydriver.services.json_values import told

MAX_NAME: Final = 500
"""Characters."""
MAX_PARTS: Final = 10
"""Of a name with dots."""
MAX_INDEXES: Final = 3
"""Parts that may be places in a list: each is looked for in two ways."""
SEARCHABLE: Final = ", ".join((*COLUMNS, *(f"{name}.*" for name in DOCUMENTS)))


def find_field(argument: str, name: str) -> Field:
    """The member of a name with dots.

    Raises
    ------
    SettingError
        Naming `argument`, if nobody can search by it; it says by what one can.
    """
    parts = name.split(".")
    if "" in parts or len(parts) > MAX_PARTS or len(name) > MAX_NAME:
        raise SettingError(argument, f"{told(name)} is no path of 1 to {MAX_PARTS} names with dots between them")
    if sum(map(is_index, parts)) > MAX_INDEXES:
        raise SettingError(argument, f"{told(name)} has more than {MAX_INDEXES} numbers")
    for places in (COLUMNS, DOCUMENTS):
        for n in range(1, len(parts) + 1):
            root = ".".join(parts[:n])
            if root in places:
                return Field(root, tuple(parts[n:]))
    raise SettingError(argument, f"{told(name)} cannot be searched by; what can: {SEARCHABLE}")


def find_column(argument: str, name: str) -> str:
    """A name by which scans can be sorted; a `SettingError` says by which they can."""
    if name not in COLUMNS:
        raise SettingError(argument, f"scans are not sorted by {told(name)}; by what they are: {', '.join(COLUMNS)}")
    return name
