"""Scans that took the place of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from skydriver.db.tables import scans

if TYPE_CHECKING:
    from sqlalchemy import Select

    from skydriver.db.database import Connection


def _last() -> Select[str]:
    """From a scan along those that took its place, to the one whose place nobody took; a circle has none."""
    asked = select(scans.c.id, scans.c.replaced_by).where(scans.c.id == bindparam("scan_id"))
    chain = asked.cte("chain", recursive=True)
    chain = chain.union(select(scans.c.id, scans.c.replaced_by).join(chain, scans.c.id == chain.c.replaced_by))
    return select(chain.c.id).where(chain.c.replaced_by.is_(None))


_LAST = _last()


def last_of(connection: Connection, scan_id: str) -> str | None:
    """The scan that stands for another now, itself where nobody took its place; None where there is no such scan."""
    return connection.execute(_LAST, {"scan_id": scan_id}).scalars().one_or_none()
