"""Pulse maps and masks over them, as frames hold them, and the pulses that they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from skydriver.errors import ArchiveError, EventContentError
from skydriver.events.event import Pulses
from skydriver.events.limits import MAX_TIME_NS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from skydriver.events.archive import Budget


class PulseMap(NamedTuple):
    """Pulses by module, in the order of the map that masks count in."""

    keys: NDArray[np.integer]
    """(n, 3): string, om and pmt of each module, ascending."""
    lengths: NDArray[np.integer]
    """(n,): pulses of each module."""
    time_ns: NDArray[np.float64]
    charge_pe: NDArray[np.float64]
    width_ns: NDArray[np.float64]
    hlc: NDArray[np.bool_]


class Mask(NamedTuple):
    """Which pulses of another series belong to this one."""

    source: str
    modules: NDArray[np.bool_]
    """One per module of the source."""
    lengths: NDArray[np.integer]
    """(m,): bits for each module that is set in `modules`."""
    pulses: NDArray[np.bool_]
    """Those bits, module by module."""


def resolve(
    maps: Mapping[str, PulseMap], masks: Mapping[str, Mask], places: Mapping[str, str], budget: Budget
) -> dict[str, PulseMap]:
    """Apply masks, also of masks, to the maps they refer to.

    A mask of an object that SkyDriver does not decode is left out, and so are the masks of it.

    Parameters
    ----------
    maps, masks
        By name.
    places
        Where each object of the event stands, by name, decoded or not.
    budget
        Of the event.

    Raises
    ------
    EventContentError
        If a mask refers to a name that is nowhere, or to itself by any way round.
    ArchiveError
        If a mask does not fit the series that it refers to.
    """
    for name, mask in masks.items():
        if mask.source not in places:
            raise EventContentError(places[name], f"a mask of {mask.source[:60]!a}, which the event does not hold")
    found, waiting = dict(maps), dict(masks)
    while ready := [name for name, mask in waiting.items() if mask.source in found]:
        for name in ready:
            mask = waiting.pop(name)
            found[name] = _apply(mask, found[mask.source], places[name], budget)
    for name, mask in waiting.items():
        if mask.source in masks and _is_circular(name, masks):
            raise EventContentError(places[name], "a mask that refers to itself by way of others")
    return found


def _is_circular(name: str, masks: Mapping[str, Mask]) -> bool:
    here = name
    for _ in range(len(masks)):
        if here not in masks:
            return False
        here = masks[here].source
        if here == name:
            return True
    return False


def _apply(mask: Mask, source: PulseMap, where: str, budget: Budget) -> PulseMap:
    if len(mask.modules) != len(source.keys):
        problem = f"a mask of {len(mask.modules)} modules does not fit the {len(source.keys)} of {mask.source}"
        raise ArchiveError(where, problem)
    lengths = source.lengths[mask.modules]
    if not np.array_equal(mask.lengths, lengths):
        raise ArchiveError(where, f"its bits do not fit the pulses of {mask.source}")
    in_modules = np.repeat(mask.modules, source.lengths)
    chosen = np.flatnonzero(in_modules)[mask.pulses]
    budget.spend("pulses", len(chosen), where)
    row = np.repeat(np.arange(len(lengths)), lengths)[mask.pulses]
    kept = np.bincount(row, minlength=len(lengths))
    return PulseMap(
        source.keys[mask.modules],
        kept,
        source.time_ns[chosen],
        source.charge_pe[chosen],
        source.width_ns[chosen],
        source.hlc[chosen],
    )


def to_pulses(series: PulseMap, where: str) -> Pulses:
    """The pulses of a series, sorted by module and time.

    Raises
    ------
    EventContentError
        If a time, charge or width is not a finite number, or a time is impossible.
    """
    for column, values in (("time", series.time_ns), ("charge", series.charge_pe), ("width", series.width_ns)):
        if not np.isfinite(values).all():
            raise EventContentError(
                where, f"the {column} of pulse {np.argmin(np.isfinite(values))} is not a finite number"
            )
    if len(series.time_ns) and np.abs(series.time_ns).max() > MAX_TIME_NS:
        worst = np.argmax(np.abs(series.time_ns))
        raise EventContentError(where, f"the time of pulse {worst}, {series.time_ns[worst]:g} ns, is impossible")
    row = np.repeat(np.arange(len(series.keys)), series.lengths)
    order = np.lexsort((series.time_ns, row))
    string, om, pmt = series.keys[row[order]].T
    return Pulses(
        string=string,
        om=om,
        time_ns=series.time_ns[order],
        charge_pe=series.charge_pe[order],
        width_ns=series.width_ns[order],
        hlc=series.hlc[order],
        pmt=pmt,
    )
