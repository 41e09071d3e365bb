"""What an event is: header, pulse series, seeds, and a list of everything else that came with it."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Pulses:
    """Pulses of one series, as equally long read-only columns sorted by string, om and time."""

    string: NDArray[np.int16]
    """IceCube string number, 1 to 86 for the main array; larger ones are kept as they came."""
    om: NDArray[np.int16]
    """Optical module number on its string, 1 to 60 in ice, 61 to 64 for IceTop."""
    time_ns: NDArray[np.float64]
    """Leading edge, ns after the event's start time."""
    charge_pe: NDArray[np.float64]
    """Charge, photoelectrons."""
    width_ns: NDArray[np.float64]
    """Width, ns."""
    hlc: NDArray[np.bool_]
    """Whether the hit was in hard local coincidence."""
    pmt: NDArray[np.uint8] = field(default_factory=lambda: np.zeros(0, np.uint8))
    """Photomultiplier in its module; left out, it is 0 throughout, as in every module of the main array."""

    def __post_init__(self) -> None:
        """Make every column read-only and of its declared type."""
        if len(self.pmt) == 0:
            object.__setattr__(self, "pmt", np.zeros(np.size(self.time_ns), np.uint8))
        types = {"string": np.int16, "om": np.int16, "hlc": np.bool_, "pmt": np.uint8}
        for column in fields(self):
            values: NDArray[np.generic] = np.array(
                getattr(self, column.name), dtype=types.get(column.name, np.float64), ndmin=1
            )
            values.setflags(write=False)
            object.__setattr__(self, column.name, values)
        if len({len(getattr(self, column.name)) for column in fields(self)}) != 1:
            raise ValueError("the columns of Pulses must be equally long")

    def __len__(self) -> int:
        return len(self.time_ns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Pulses):
            return NotImplemented
        return all(np.array_equal(getattr(self, c.name), getattr(other, c.name)) for c in fields(self))

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, c.name).tobytes() for c in fields(self)))

    def select(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Pulses:
        """The pulses that `mask` (boolean per pulse, or indices) picks."""
        return Pulses(*(getattr(self, column.name)[mask] for column in fields(self)))

    @property
    def n_dom(self) -> int:
        """Number of different optical modules with a pulse."""
        return len(np.unique(self.string.astype(np.int32) * 256 + self.om))

    @property
    def qtot_pe(self) -> float:
        """Summed charge, photoelectrons."""
        return float(self.charge_pe.sum())


@dataclass(frozen=True, slots=True)
class Header:
    """Identity and time of an event."""

    run_id: int
    event_id: int
    sub_event_id: int
    sub_event_stream: str
    start_time_utc: str
    """Start of the event, UTC, ISO-8601 with Z and tenths of nanoseconds."""
    mjd: float
    """The same as Modified Julian Date, UTC."""


@dataclass(frozen=True, slots=True)
class Seed:
    """A reconstruction that came with the event. Angles are in detector coordinates, of where it came FROM."""

    name: str
    zenith_rad: float
    azimuth_rad: float
    x_m: float
    y_m: float
    z_m: float
    t_ns: float
    energy_gev: float
    fit_status: str
    """``OK`` or what IceTray's fit status says."""
    shape: str
    """IceTray's particle shape, for example ``InfiniteTrack`` or ``Cascade``."""


@dataclass(frozen=True, slots=True)
class FrameObject:
    """One object of a frame, decoded or not."""

    stream: str
    """The frame it came in: G, C, D, Q or P."""
    name: str
    type_name: str
    n_bytes: int
    decoded: bool
    """False for classes that SkyDriver keeps by name and size only."""


@dataclass(frozen=True, slots=True)
class Event:
    """An immutable realtime event."""

    header: Header
    format_version: str
    """The realtime JSON's ``value.version``, ``unversioned`` where it is absent."""
    is_real: bool
    """False for an event that says it was simulated."""
    content_hash: str
    """sha256 (hex) of the canonical JSON it was read from."""
    main_series: str
    """Name of the series that reconstructions start from, a key of `series`."""
    series: Mapping[str, Pulses]
    seeds: tuple[Seed, ...]
    vertex: tuple[float, float, float, float] | None
    """HESE starting vertex (x, y, z in m, t in ns) where the event carries one."""
    scalars: Mapping[str, float | bool | str]
    """Single numbers, flags and texts of the frames, by name."""
    objects: tuple[FrameObject, ...]
    stated: Mapping[str, bool | int | float | str | None] = field(default_factory=dict)
    """What the JSON itself says of the event, unverified, by dotted path: ``nch``, ``reco.splinempe.zen`` …"""
    time_windows: Mapping[str, Mapping[tuple[int, int], tuple[tuple[float, float], ...]]] = field(default_factory=dict)
    """Faulty spans by object (``CalibrationErrata``, ``SaturationWindows``) and (string, om): (start, stop) in ns."""

    def __post_init__(self) -> None:
        """Make the mappings read-only."""
        windows = {name: MappingProxyType(dict(spans)) for name, spans in self.time_windows.items()}
        object.__setattr__(self, "time_windows", windows)
        for name in ("series", "scalars", "stated", "time_windows"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def pulses(self) -> Pulses:
        """The main series."""
        return self.series[self.main_series]
