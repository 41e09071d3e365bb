"""What was answered last, for when the database is away."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from skydriver.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

MOST = 2000
"""So many are kept, those that were asked for last: of a status some 1 kB each."""


class LastKnown:
    """Documents by who asked for what: nobody is told what he was not told before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, bytes] = OrderedDict()

    def ask(self, key: Hashable, look: Callable[[], bytes]) -> bytes:
        """What `look` finds or, while the database is away, found the last time.

        Raises
        ------
        UnavailableError
            If the database is away, and nothing was found before.
        """
        try:
            found = look()
        except UnavailableError:
            with self._lock:
                kept = self._kept.get(key)
            if kept is None:
                raise
            return kept
        self._keep(key, found)
        return found

    def _keep(self, key: Hashable, found: bytes) -> None:
        with self._lock:
            self._kept[key] = found
            self._kept.move_to_end(key)
            if len(self._kept) > MOST:
                self._kept.popitem(last=False)
