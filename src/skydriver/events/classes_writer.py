"""Writers of the IceTray classes that an event of our own needs, the counterparts of `skydriver.events.classes`."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING

from skydriver.events import classes
from skydriver.events.archive_writer import ArchiveWriter
from skydriver.events.frame import Slot

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.events.event import Pulses, Seed

SPEED_OF_LIGHT_M_PER_NS = 0.299792458
_SHAPES = {name: number for number, name in classes.SHAPES.items()}
_FIT_STATUS = {name: number for number, name in classes.FIT_STATUS.items()}


def header_slot(name: str, header: classes.EventHeader) -> Slot:
    """An I3EventHeader."""
    archive = ArchiveWriter("I3EventHeader")
    archive.enter_frame_object("I3EventHeader", 3)
    archive.put("IIIiI", header.run_id, header.sub_run_id, header.event_id, header.state, header.sub_event_id)
    archive.text(header.sub_event_stream)
    for time in (header.start, header.end):
        archive.enter_frame_object("I3Time")
        archive.put("iq", *time)
    return Slot(name, "I3EventHeader", archive.blob())


def particle_slot(seed: Seed) -> Slot:
    """An I3Particle."""
    archive = ArchiveWriter("I3Particle")
    archive.enter_frame_object("I3Particle", 5)
    archive.put("iQi", 0, 0, 0)
    archive.put("ii", _number(_SHAPES, seed.shape), _number(_FIT_STATUS, seed.fit_status))
    archive.enter_frame_object("I3Position")
    archive.put("ddd", seed.x_m, seed.y_m, seed.z_m)
    archive.enter_frame_object("I3Direction")
    archive.put("dd", seed.zenith_rad, seed.azimuth_rad)
    archive.put("ddddi", seed.t_ns, seed.energy_gev, math.nan, SPEED_OF_LIGHT_M_PER_NS, 0)
    return Slot(seed.name, "I3Particle", archive.blob())


def mask_slot(name: str, source: str, pulses: Pulses, is_kept: Callable[[int, int], bool]) -> Slot:
    """An I3RecoPulseSeriesMapMask.

    Parameters
    ----------
    name, source
        Of the mask, and of the series it refers to.
    pulses
        That series, sorted by module.
    is_kept
        Whether the pulses of a module (string, om) belong to the mask.
    """
    modules = zip(pulses.string.tolist(), pulses.om.tolist(), strict=True)
    lengths = {module: len(list(run)) for module, run in groupby(modules)}
    kept = [length for module, length in lengths.items() if is_kept(*module)]
    archive = ArchiveWriter("I3RecoPulseSeriesMapMask")
    archive.enter_frame_object("I3RecoPulseSeriesMapMask", 2)
    archive.text(source)
    archive.bits([is_kept(*module) for module in lengths])
    archive.enter("vector<bitmask>")
    archive.put("I", len(kept))
    for length in kept:
        archive.bits([True] * length)
    return Slot(name, "I3RecoPulseSeriesMapMask", archive.blob())


def _number(numbers: dict[str, int], name: str) -> int:
    """The number of a shape or status; one without a name is its own."""
    return numbers[name] if name in numbers else int(name)
