"""Which of an event's pulses a scan uses: variants of the usual choice show how much a result hangs on a part."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from skydriver.errors import SettingError
from skydriver.events.cleaning import DOMS_PER_STRING, STRINGS, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event, Pulses

FAULTY_DOMS = {"errata": "CalibrationErrata", "saturated": "SaturationWindows"}
"""Words for the DOMs that have an entry in an object of the event."""
FAULTY_WINDOWS = {"errata": "CalibrationErrata", "saturation": "SaturationWindows"}
"""Words for the spans of time in an object of the event."""
BRIGHT = "bright"
BRIGHT_FACTOR = 10.0
"""How many times the mean charge of the hit DOMs makes a DOM bright, as in IceCube's millipede scans."""
_HALVES = {"odd": range(1, STRINGS + 1, 2), "even": range(2, STRINGS + 1, 2)}
_DOM = re.compile(r"([0-9]{1,2})-([0-9]{1,2})")
_RANGE = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")
_NAMES = ("pulses", "exclude_strings", "exclude_doms", "deepcore", "time_window", "exclude_windows")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which pulses to fit; left alone, those of the event's main series that cleaning keeps.

    Lists are put in order and freed of repetitions, so that equal choices are equal objects.

    Raises
    ------
    SettingError
        Naming the option that is at fault: ``pulses``, ``exclude_strings``, ``exclude_doms``, ``time_window`` or
        ``exclude_windows``.
    """

    series: str | None = None
    """Name of the pulse series to start from; None: the event's main series."""
    exclude_strings: tuple[int, ...] = ()
    exclude_doms: tuple[str, ...] = ()
    """DOMs as ``string-om``, and ``bright``, ``errata`` or ``saturated`` for those that are so in the event."""
    deepcore: bool = False
    """Whether the strings of DeepCore, 79 to 86, are kept."""
    time_window: tuple[float, float] | None = None
    """Pulses that begin outside are left out: (start, stop) in ns after the event's start, stop not included."""
    exclude_windows: tuple[str, ...] = ()
    """``errata``, ``saturation``: pulses that overlap such a span of their DOM are left out."""

    def __post_init__(self) -> None:
        """Check every choice and put it into its one form."""
        if self.series is not None and not self.series:
            raise SettingError("pulses", "names no pulse series")
        object.__setattr__(self, "exclude_strings", tuple(sorted(set(map(_string, self.exclude_strings)))))
        object.__setattr__(self, "exclude_doms", _doms(self.exclude_doms))
        object.__setattr__(self, "exclude_windows", tuple(sorted(set(map(_window, self.exclude_windows)))))
        if self.time_window is not None:
            object.__setattr__(self, "time_window", _span(*self.time_window))

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Selection:
        """A selection from what a user wrote, by the options' names; what `described` gives becomes the same again.

        Parameters
        ----------
        texts
            Any of ``pulses``: a name; ``exclude_strings``: like ``1,5-10,odd,even``; ``exclude_doms``: like
            ``47-31,saturated,errata,bright``; ``deepcore``: ``true`` or ``false``; ``time_window``: like
            ``9000,15000``; ``exclude_windows``: like ``saturation,errata``.

        Raises
        ------
        SettingError
            Naming the option that is at fault.
        """
        if unknown := texts.keys() - _NAMES:
            raise SettingError(min(unknown), "is no way to select pulses")
        return cls(
            series=texts.get("pulses"),
            exclude_strings=parse_strings(texts["exclude_strings"]) if "exclude_strings" in texts else (),
            exclude_doms=_items(texts["exclude_doms"]) if "exclude_doms" in texts else (),
            deepcore=_parse_flag("deepcore", texts.get("deepcore", "false")),
            time_window=parse_time_window(texts["time_window"]) if "time_window" in texts else None,
            exclude_windows=_items(texts["exclude_windows"]) if "exclude_windows" in texts else (),
        )

    def described(self) -> dict[str, str]:
        """What differs from the usual choice, as texts by the options' names; empty where nothing does."""
        texts = {
            "pulses": self.series or "",
            "exclude_strings": ",".join(map(str, self.exclude_strings)),
            "exclude_doms": ",".join(self.exclude_doms),
            "deepcore": "true" if self.deepcore else "",
            "time_window": ",".join(map(str, self.time_window or ())),
            "exclude_windows": ",".join(self.exclude_windows),
        }
        return {name: text for name, text in texts.items() if text}

    def series_of(self, event: Event) -> str:
        """The name of the event's series to start from; a `SettingError` says which there are."""
        name = event.main_series if self.series is None else self.series
        if name not in event.series:
            there = ", ".join(other[:60] for other in sorted(event.series))
            raise SettingError("pulses", f"the event has no pulse series {_short(name)}, only {there}")
        return name


def select(event: Event, selection: Selection, positions_m: NDArray[np.float64]) -> Cleaned:
    """Clean the pulses of the chosen series, then leave out what the selection excludes.

    Cleaning comes first, on the whole event: whether a hit is kept depends on its neighbours, and the best window on
    all of them. So what stays is what the usual scan fits, less the excluded part, and two scans differ by that part
    alone. What is bright is likewise judged by the whole event.

    Parameters
    ----------
    event
        Read from realtime JSON.
    selection
        Which pulses to fit.
    positions_m
        (5160, 3): position of each module in m, at row ``(string - 1) * 60 + om - 1``.

    Returns
    -------
    Cleaned
        Possibly with no pulses at all; `n_excluded` counts those that cleaning kept and the selection did not.

    Raises
    ------
    SettingError
        Naming ``pulses``, where the event has no such series.
    """
    cleaned = clean(event.series[selection.series_of(event)], positions_m, deepcore=selection.deepcore)
    excluded = _excluded(cleaned.pulses, event, selection)
    if not excluded.any():
        return cleaned
    kept = cleaned.pulses.select(~excluded)
    return replace(cleaned, pulses=kept, n_excluded=len(excluded) - len(kept))


def parse_strings(text: str) -> tuple[int, ...]:
    """Numbers of strings from text like ``1,5-10,odd,even``; a `SettingError` names ``exclude_strings``."""
    return tuple(string for item in _items(text) for string in _some_strings(item))


def parse_time_window(text: str) -> tuple[float, float]:
    """Start and stop in ns from text like ``9000,15000``; a `SettingError` names ``time_window``."""
    try:
        start, stop = map(float, text.split(","))
    except ValueError as error:
        raise SettingError("time_window", f"{_short(text)} is not of the form START,STOP, two numbers in ns") from error
    return start, stop


def _parse_flag(name: str, text: str) -> bool:
    if text not in {"true", "false"}:
        raise SettingError(name, f"{_short(text)} is neither true nor false")
    return text == "true"


def _items(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(","))


def _some_strings(item: str) -> Sequence[int]:
    if item in _HALVES:
        return _HALVES[item]
    match = _RANGE.fullmatch(item)
    if match is None:
        problem = f"{_short(item)} is neither a string, nor a range such as 5-10, nor odd or even"
        raise SettingError("exclude_strings", problem)
    first, last = int(match[1]), int(match[2] or match[1])
    if first > last:
        raise SettingError("exclude_strings", f"the range {item} descends")
    return range(first, last + 1)


def _string(number: int) -> int:
    if not 1 <= number <= STRINGS:
        raise SettingError("exclude_strings", f"there is no string {number}, only 1 to {STRINGS}")
    return int(number)


def _doms(items: Iterable[str]) -> tuple[str, ...]:
    """Words in order of letters, after the DOMs in order of their numbers."""
    words = {item for item in items if item == BRIGHT or item in FAULTY_DOMS}
    doms = sorted({_dom(item) for item in items if item not in words})
    return (*(f"{string}-{om}" for string, om in doms), *sorted(words))


def _dom(item: str) -> tuple[int, int]:
    match = _DOM.fullmatch(item)
    if match is None:
        words = ", ".join(sorted((BRIGHT, *FAULTY_DOMS)))
        raise SettingError("exclude_doms", f"{_short(item)} is neither a DOM such as 47-31 nor one of {words}")
    string, om = int(match[1]), int(match[2])
    if not (1 <= string <= STRINGS and 1 <= om <= DOMS_PER_STRING):
        there = f"strings have the numbers 1 to {STRINGS} and their DOMs 1 to {DOMS_PER_STRING}"
        raise SettingError("exclude_doms", f"there is no DOM {item}: {there}")
    return string, om


def _window(word: str) -> str:
    if word not in FAULTY_WINDOWS:
        raise SettingError("exclude_windows", f"{_short(word)} is not one of {', '.join(sorted(FAULTY_WINDOWS))}")
    return word


def _span(start: float, stop: float) -> tuple[float, float]:
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise SettingError("time_window", f"{start},{stop} are not two finite numbers")
    if start >= stop:
        raise SettingError("time_window", f"it does not start, at {start} ns, before it stops, at {stop} ns")
    return float(start), float(stop)


def _short(text: str) -> str:
    """What the user wrote, cut to a length that fits a sentence."""
    return repr(text) if len(text) <= 40 else f"{text[:37]!r}..."


def _excluded(pulses: Pulses, event: Event, selection: Selection) -> NDArray[np.bool_]:
    """Which of the cleaned pulses are to be left out."""
    excluded = np.isin(pulses.string, selection.exclude_strings)
    if selection.exclude_doms:
        excluded |= np.isin(_modules(pulses), _excluded_modules(pulses, event, selection.exclude_doms))
    if selection.time_window is not None:
        start, stop = selection.time_window
        excluded |= (pulses.time_ns < start) | (pulses.time_ns >= stop)
    for word in selection.exclude_windows:
        excluded |= _overlapping(pulses, event.time_windows.get(FAULTY_WINDOWS[word], {}))
    return excluded


def _modules(pulses: Pulses) -> NDArray[np.int64]:
    """One number for each pulse's module, in the order of string and om; `_module` makes the same."""
    return pulses.string.astype(np.int64) * 64 + pulses.om


def _module(string: int, om: int) -> int:
    return string * 64 + om


def _in_ice(modules: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that cleaned pulses may be of: an event may name any."""
    return [(string, om) for string, om in modules if 1 <= string <= STRINGS and 1 <= om <= DOMS_PER_STRING]


def _excluded_modules(pulses: Pulses, event: Event, items: Sequence[str]) -> list[int]:
    """The numbers of the modules that are named, or are what a word says."""
    found: list[int] = []
    for item in items:
        if item == BRIGHT:
            found += _bright(pulses)
        elif item in FAULTY_DOMS:
            found += [_module(*module) for module in _in_ice(event.time_windows.get(FAULTY_DOMS[item], {}))]
        else:
            found.append(_module(*_dom(item)))
    return found


def _bright(pulses: Pulses) -> list[int]:
    modules, row = np.unique(_modules(pulses), return_inverse=True)
    charge_pe = np.bincount(row, weights=pulses.charge_pe, minlength=len(modules))
    bright: list[int] = modules[charge_pe * len(modules) > BRIGHT_FACTOR * charge_pe.sum()].tolist()
    return bright


def _overlapping(pulses: Pulses, windows: Mapping[tuple[int, int], Sequence[tuple[float, float]]]) -> NDArray[np.bool_]:
    """Which pulses, from their leading edge through their width, touch a span of their module.

    Of the spans that begin before a pulse ends, some end before it begins; if not all do, one overlaps it. The ends of
    a span may come in either order.
    """
    overlapping = np.zeros(len(pulses), np.bool_)
    modules = _modules(pulses)
    for string, om in _in_ice(windows):
        place = slice(*np.searchsorted(modules, [_module(string, om), _module(string, om) + 1]))
        begin_ns = pulses.time_ns[place]
        starts, stops = np.sort(np.reshape(windows[string, om], (-1, 2)), axis=1).T
        begun = np.searchsorted(np.sort(starts), begin_ns + pulses.width_ns[place], side="right")
        overlapping[place] = begun > np.searchsorted(np.sort(stops), begin_ns, side="left")
    return overlapping
