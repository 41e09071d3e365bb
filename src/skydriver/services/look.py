"""What a scan's map says, whole or partial: the map, the kind of event, and the regions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skydriver.services.result import sky_map
from skydriver.services.sky_region import best_at_edge
from skydriver.services.topology import topology_of
from skydriver.skymap.map_regions import map_regions

if TYPE_CHECKING:
    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.services.result import Scanned
    from skydriver.services.topology import Topology
    from skydriver.skymap.map_regions import MapRegions
    from skydriver.skymap.skymap import SkyMap


class Look(NamedTuple):
    """What a map says; of a partial one nothing but itself."""

    skymap: SkyMap
    topology: Topology | None = None
    """None where none can be determined."""
    regions: MapRegions | None = None
    """None without a calibration or a topology."""


def look(scan: Scanned, event: Event, cleaned: Cleaned) -> Look:
    """Look at the map of a finished or interrupted scan.

    Parameters
    ----------
    scan
        What was asked for and what is finished.
    event, cleaned
        The event, and its pulses as the request cleans them.
    """
    skymap = sky_map(scan, event, cleaned)
    if skymap.partial:
        return Look(skymap)
    topology = topology_of(skymap, event, cleaned.pulses, scan.request.algorithm().info)
    inside = scan.ledger.settings.inside
    if topology is not None and inside is not None:
        topology = topology.of_a_part(at_edge=best_at_edge(skymap, inside))
    calibration = scan.request.calibration_table()
    if calibration is None or topology is None:
        return Look(skymap, topology)
    return Look(skymap, topology, map_regions(skymap, calibration, topology.label, cleaned.qtot))
