"""Which products there are of a scan, and why not of the others: without making any."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.stores import results, scans
from skydriver.errors import UnknownError
from skydriver.services.coordination.states import ENDED
from skydriver.services.product_kinds import KINDS
from skydriver.services.publishing import why_not_quoted
from skydriver.services.scan_facts import EXTERNAL, known
from skydriver.services.summary import Summary

if TYPE_CHECKING:
    from skydriver.db.database import Connection
    from skydriver.db.stores.results import Result
    from skydriver.db.stores.scans import Scan
    from skydriver.services.context import Service
    from skydriver.services.product_kinds import Kind

GROWING: Final = "growing"
"""What the version of a map begins with that is still made."""
NO_BEST_FIT: Final = "every pixel of the map has failed: there is no best fit to publish"


@dataclass(frozen=True, slots=True)
class About:
    """A scan, and what there is of its map."""

    scan: Scan
    found: Result | None
    """What is stored (`skydriver.db.stores.results.facts`)."""

    @property
    def is_own(self) -> bool:
        """Whether it is not an external scanner's."""
        return bool(self.scan.engine != EXTERNAL)

    @property
    def is_final(self) -> bool:
        """Whether its map is."""
        return self.found is not None and bool(self.found.is_final)

    @property
    def version(self) -> str | None:
        """Which map it is; None while there is none."""
        if self.found is not None:
            return f"{'final' if self.is_final else 'so far'} {self.found.stored!r} {self.found.size}"
        return f"{GROWING} {self.scan.fits_done}" if self.is_own and self.scan.fits_done else None

    def why_not(self, kind: Kind) -> str:
        """Why there is no such product, as far as is known without looking at the map; empty where there is."""
        if self.version is None:
            return "no pixel is finished yet" if self.is_own else "its scanner has sent no map yet"
        summary = self._summary()
        if summary is not None and summary.best_fit is None:
            return NO_BEST_FIT
        if kind.needs in {"quote", "both"}:
            return self._why_not_quoted(summary)
        if kind.needs in {"provenance", "summary"} and not self.is_own:
            return "the map was made elsewhere, and came without provenance"
        if kind.needs == "summary" and summary is None:
            return "what is found out about an event is known when its map is whole"
        return ""

    def _why_not_quoted(self, summary: Summary | None) -> str:
        if summary is not None and summary.headline.kind == "region":
            return ""
        if self.scan.status not in ENDED:
            return "the scan goes on: the map is partial"
        algorithm = summary.algorithm if summary is not None else None
        return why_not_quoted(summary, algorithm, partial=not self.is_final)

    def _summary(self) -> Summary | None:
        answer = None if self.found is None else self.found.answer
        return None if answer is None else Summary.model_validate_json(answer)


def about(connection: Connection, scan_id: str, *, include_deleted: bool) -> About:
    """A scan and its map; an `UnknownError` where there is no such scan, or its result was deleted."""
    scan = known(scans.get(connection, scan_id), scan_id)
    found = results.facts(connection, scan_id)
    if found is not None and found.is_deleted and not include_deleted:
        raise UnknownError(f"scan_id: the result of {scan_id} was deleted; include_deleted shows it")
    return About(scan, found)


def list_products(service: Service, scan_id: str, url: str, *, include_deleted: bool = False) -> bytes:
    """Every product that there is: what it holds, where it is, and why not.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    url
        What the name of a product follows, for its address.
    include_deleted
        Whether to answer for a result that was deleted.

    Raises
    ------
    UnknownError
        If there is no such scan, or its result was deleted.
    """
    with service.database.reading() as connection:
        seen = about(connection, scan_id, include_deleted=include_deleted)
    listed = [
        {
            "name": kind.ending,
            "holds": kind.holds,
            "media_type": kind.media_type,
            "url": f"{url}{kind.ending}",
            "available": not (reason := seen.why_not(kind)),
            "why_not": reason or None,
        }
        for kind in KINDS
    ]
    return orjson.dumps({"scan_id": scan_id, "is_final": seen.is_final, "products": listed})
