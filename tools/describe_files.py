"""Print the tables of docs/products.md: the products, the columns of maps and FITS files, the keywords of headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.services.product_table import PRODUCTS
from skydriver.skymap.columns import COLUMNS, FITS_COLUMNS
from skydriver.skymap.fits_header import KEYWORDS, LAYOUT, REGION_KEYWORDS

if TYPE_CHECKING:
    from collections.abc import Iterable


NEEDS = {"nothing": "", "both": "quote, provenance"}


def products() -> str:
    """All products as a Markdown table."""
    rows = [(f"`….{one.ending}`", one.holds, NEEDS.get(one.needs, one.needs)) for one in PRODUCTS]
    return _table(("File", "Holds", "Needs"), rows)


def columns() -> str:
    """All columns as a Markdown table."""
    kinds = (("JSON, npz", COLUMNS), ("FITS", FITS_COLUMNS))
    rows = [(f"`{c.name}`", files, c.dtype.__name__, c.unit, c.meaning) for files, cs in kinds for c in cs]
    return _table(("Column", "Files", "Type", "Unit", "Meaning"), rows)


def keywords() -> str:
    """All keywords as a Markdown table."""
    rows = [(f"`{k.name}`", k.unit, k.meaning) for k in (*KEYWORDS, *REGION_KEYWORDS)]
    rows += [(f"`{name}`", "", meaning) for name, meaning in LAYOUT.items()]
    return _table(("Keyword", "Unit", "Meaning"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (head, *rows)]
    return "\n".join([lines[0], "|---" * len(head) + "|", *lines[1:]])


if __name__ == "__main__":
    print(products(), columns(), keywords(), sep="\n\n")
