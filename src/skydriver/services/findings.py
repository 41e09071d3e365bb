"""What is known of an event: what its map says, together with what came with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.events.stated import stated_energies
from skydriver.services.first_looks import first_looks
from skydriver.services.headline import headline
from skydriver.services.verdict import Findings

if TYPE_CHECKING:
    from skydriver.events.event import Event
    from skydriver.services.look import Look


def findings(seen: Look, event: Event) -> Findings:
    """All that the verdict rests on, without variants of the fit."""
    looks = first_looks(event)
    quoted = headline(seen.skymap.best_fit(), seen.topology, seen.regions, looks)
    return Findings(seen.skymap, looks, seen.topology, seen.regions, quoted, None, stated=stated_energies(event))
