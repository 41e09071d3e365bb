"""Events whose truth is known: files with the truth beside them, and simulated events made where they are needed."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from skydriver.errors import SettingError
from skydriver.events.realtime import load_event, read_event
from skydriver.simulation.events import simulate
from skydriver.simulation.truth import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skydriver.events.event import Event

TRUTH_SUFFIX: Final = ".truth.json"
MAX_SIMULATED: Final = 1_000_000


class Truth(NamedTuple):
    """What is known of an event."""

    zenith_rad: float
    """Where the particle came FROM, detector coordinates."""
    azimuth_rad: float
    energy_gev: float | None
    """None where it is not known."""


class FromFile(NamedTuple):
    """An event in a file of realtime JSON."""

    name: str
    key: str
    """What tells it from all others: a hash of the event and of its truth."""
    path: Path
    truth: Truth

    def load(self) -> tuple[Event, Truth]:
        """The event; an `EventError` says why there is none."""
        return load_event(self.path), self.truth


class Simulated(NamedTuple):
    """An event of `skydriver.simulation`."""

    kind: str
    seed: int

    @property
    def name(self) -> str:
        """As the command ``simulate`` would call its file, with the kind."""
        return f"{self.kind}_{self.seed}"

    @property
    def key(self) -> str:
        """What tells it from all others."""
        return f"simulated {self.kind} {self.seed}"

    def load(self) -> tuple[Event, Truth]:
        """Make it."""
        made = simulate(self.seed, kind=self.kind)
        return read_event(made.event_json), _truth(json.loads(made.truth_json))


KnownEvent = FromFile | Simulated


def known_events(names: Iterable[str], n_simulated: int, kind: str, seed: int) -> list[KnownEvent]:
    """All events that are asked for, each once.

    Parameters
    ----------
    names
        Files, and folders of files, of realtime JSON; ``NAME.json`` has its truth in ``NAME.truth.json``.
    n_simulated, kind, seed
        Simulated events: those of this seed and those after it.

    Raises
    ------
    SettingError
        Naming ``events``, ``simulate``, ``kind`` or ``seed``.
    """
    found: dict[str, KnownEvent] = {}
    for path in _paths(names):
        event = _from_file(path)
        found.setdefault(event.key, event)
    found |= {event.key: event for event in _simulated(n_simulated, kind, seed)}
    if not found:
        raise SettingError("events", "are missing: give files, folders or --simulate")
    return list(found.values())


def source_of(events: Sequence[KnownEvent]) -> str:
    """What a set of events is, in words."""
    seeds = [event.seed for event in events if isinstance(event, Simulated)]
    kinds = sorted({event.kind for event in events if isinstance(event, Simulated)})
    parts = [f"{len(events) - len(seeds)} events from files"] if len(seeds) < len(events) else []
    if seeds:
        parts.append(f"{len(seeds)} simulated events ({', '.join(kinds)}, seeds {min(seeds)} to {max(seeds)})")
    return " and ".join(parts)


def _simulated(count: int, kind: str, seed: int) -> list[Simulated]:
    if not 0 <= count <= MAX_SIMULATED:
        raise SettingError("simulate", f"{count} is not between 0 and {MAX_SIMULATED}")
    if seed < 0:
        raise SettingError("seed", f"{seed} is negative")
    if kind not in KINDS:
        raise SettingError("kind", f"{kind!r} is none of {', '.join(KINDS)}")
    return [Simulated(kind, number) for number in range(seed, seed + count)]


def _paths(names: Iterable[str]) -> Iterator[Path]:
    """The files of events."""
    for name in names:
        path = Path(name)
        if not path.is_dir():
            yield path
            continue
        truths = sorted(path.glob(f"*{TRUTH_SUFFIX}"))
        if not truths:
            raise SettingError("events", f"the folder {path} holds no NAME{TRUTH_SUFFIX} with NAME.json beside it")
        yield from (truth.with_name(truth.name.removesuffix(TRUTH_SUFFIX) + ".json") for truth in truths)


def _from_file(path: Path) -> FromFile:
    beside = path.with_name(path.name.removesuffix(".json") + TRUTH_SUFFIX)
    data, stated = _read(path), _read(beside)
    try:
        truth = _truth(json.loads(stated))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SettingError("events", f"{beside} is no truth: {type(error).__name__}: {str(error)[:100]}") from error
    return FromFile(path.stem, hashlib.sha256(data + repr(truth).encode()).hexdigest(), path, truth)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingError("events", f"{path} cannot be read: {error.strerror or error}") from error


def _truth(content: dict[str, object]) -> Truth:
    """The truth in a JSON object; an error that is no SkyDriver error where it is none."""
    energy = content.get("energy_gev")
    return Truth(
        _number("zenith_rad", content["zenith_rad"], math.pi),
        _number("azimuth_rad", content["azimuth_rad"], 2.0 * math.pi),
        None if energy is None else _number("energy_gev", energy, 1e12),
    )


def _number(name: str, value: object, largest: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.0 <= value <= largest:
        raise ValueError(f"{name} is not a number from 0 to {largest:.6g}")
    return float(value)
