"""Whose turn it is: scans by priority, then age; whoever waits long enough comes before what is more important."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skydriver.services.coordination.states import LEASABLE, Status

if TYPE_CHECKING:
    from skydriver.db.stores.scans import Scan

ALERT: Final = 100
"""From this priority on a scan is an alert: it is launched at once, and other scans' workers leave those for it."""
_FAR_S: Final = 1e8
"""No scan waits for so long, s."""
_GETS_ON_S: Final = 10.0
"""An alert of which workers report nothing for so long holds up nobody, s."""


def rank(created: float, priority: int, ageing_s: float) -> float:
    """Where a scan stands among those that wait for launch or for workers: the lowest first.

    Each `ageing_s` of waiting are worth one step of priority. All scans age alike, so that their order never changes
    and is stored. Alerts come before all others, and among each other by priority, then age.

    Parameters
    ----------
    created
        Time of its submission, seconds since 1970.
    priority
        As asked for.
    ageing_s
        As set, s.
    """
    return created - priority * (_FAR_S if priority >= ALERT else ageing_s)


def is_alert_at_work(scan: Scan, now: float) -> bool:
    """Whether a scan is an alert that gets on: others leave the machine to it.

    Parameters
    ----------
    scan
        One at work.
    now
        Seconds since 1970.
    """
    if scan.priority < ALERT or scan.engine == "external":
        return False
    computes = scan.status in {Status.PREPARING, Status.FINISHING}
    return computes or (scan.status in LEASABLE and now - scan.updated < _GETS_ON_S)
