"""Single fits, news and products of scans that ended long ago are taken away; their maps stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import feed, fits, products, scans, tasks
from skydriver.services.coordination.partial import keep_partial
from skydriver.services.coordination.turn import take_turn

if TYPE_CHECKING:
    from skydriver.services.context import Service


def purge(service: Service) -> bool:
    """Take away the single fits, the news and the products of a scan that ended long ago. Whether there was one."""
    with service.database.reading() as connection:
        before = service.database.now(connection) - service.settings.fits_kept_s
        old = scans.ended_before(connection, before, 1)
    if not old:
        return False
    keep_partial(service, old[0])
    with take_turn(service, CommitPoint.PURGE) as turn:
        feed.forget(turn.connection, old[0])
        fits.forget(turn.connection, old[0])
        tasks.forget(turn.connection, old[0])
        products.forget(turn.connection, old[0])
    return True
