"""The planner's ledgers of scans at work, kept between steps; each can be made again from the database's rows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydriver.scan.planner import Ledger
    from skydriver.services.pixel_tasks import PixelTasks

MOST = 8
"""So many are kept, those that were used last: one of a usual scan takes some 5 MB."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A ledger, and what makes tasks of the fits that it wants."""

    ledger: Ledger
    tasks: PixelTasks


class Ledgers:
    """By scan. A ledger is taken out while it is used: whatever goes wrong then, a spoilt one is not found again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def take(self, scan: str) -> Kept | None:
        """The ledger of a scan, which is then nobody else's; None where there is none."""
        with self._lock:
            return self._kept.pop(scan, None)

    def put(self, scan: str, kept: Kept) -> None:
        """Give it back, once everything that went into it is committed or only comes from what was."""
        with self._lock:
            self._kept[scan] = kept
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)

    def drop(self, scan: str) -> None:
        """Forget the ledger of a scan that ended."""
        self.take(scan)
