"""Read a realtime event: JSON of any documented layout to an immutable Event."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from skydriver.errors import EventContentError, EventLayoutError
from skydriver.events import classes, utctime
from skydriver.events.archive import Budget
from skydriver.events.event import Event, FrameObject, Header, Pulses, Seed
from skydriver.events.frame import parse_frame
from skydriver.events.series import Mask, PulseMap, resolve, to_pulses
from skydriver.events.shell import open_document, parse_json, to_json, unwrap_frames
from skydriver.events.source import read_source
from skydriver.events.stated import flatten, says_real, state_identity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

    from skydriver.events.shell import Json

MAIN_SERIES = ("SplitInIcePulses", "SplitUncleanedInIcePulses")
"""Series that a reconstruction starts from, the preferred one first."""
HEADER_NAMES = ("I3EventHeader", "QI3EventHeader")
VERTEX_POSITION, VERTEX_TIME = "HESE_VHESelfVetoVertexPos", "HESE_VHESelfVetoVertexTime"
REAL_RUN_IDS = range(100_000, 1_000_000)

Content = TypeVar("Content")


class _Found(NamedTuple):
    """An object of the Q or P frame."""

    stream: str
    place: str
    content: object


class _Frames:
    """Everything in the frames: a list of all objects, and the content of Q and P by name, where P wins."""

    def __init__(self, frames: list[Json], at: str) -> None:
        self.objects: list[FrameObject] = []
        self.by_name: dict[str, _Found] = {}
        self.budget = Budget()
        streams: list[str] = []
        for stop, where, data in unwrap_frames(frames, at):
            if stop in streams:
                raise EventLayoutError(where, f"a second {stop} frame; one event has one of each stream")
            streams.append(stop)
            self._read(stop, f"{stop} frame", data)

    def _read(self, stream: str, where: str, data: bytes) -> None:
        for slot in parse_frame(data, stream, where):
            place = f"{where}, {slot.name}"
            content = classes.decode(slot, place, self.budget)
            self.objects.append(FrameObject(stream, slot.name, slot.type_name, len(slot.blob), content is not None))
            known = self.by_name.get(slot.name)
            if stream in "QP" and not (known and known.stream == "P"):
                self.by_name[slot.name] = _Found(stream, place, content)

    def of_type(self, kind: type[Content]) -> dict[str, Content]:
        """Objects of one decoded class, by name."""
        return {name: found.content for name, found in self.by_name.items() if isinstance(found.content, kind)}

    def place(self, name: str) -> str:
        return self.by_name[name].place


def load_event(path: str | PathLike[str]) -> Event:
    """Read a realtime event from a file.

    Raises
    ------
    EventError
        If the file cannot be read, or is no usable event; see `read_event`.
    """
    source = read_source(path)
    return read_event(source)


def read_event(source: bytes | str | Mapping[str, object], *, is_real: bool | None = None) -> Event:
    """Read a realtime event.

    Parameters
    ----------
    source
        Realtime JSON, as text or already parsed.
    is_real
        Whether it is a real event, as who gives it says; None: what it says of itself.

    Raises
    ------
    EventLayoutError
        If the JSON, base64, zlib or pickle around the frames is not what it should be.
    FrameError
        If a frame is truncated, of another version, or fails its checksum.
    ArchiveError
        If an object in a frame is damaged or of an unknown class version.
    EventContentError
        If the event is readable but unusable: no header, no pulses, impossible values, or not what `is_real` says.
    """
    whole = parse_json(source)
    return read_document(whole, hash_of(to_json(whole)), is_real=is_real)


def hash_of(canonical: str) -> str:
    """An event's `content_hash`, from its canonical text (`skydriver.events.shell.to_json`)."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def read_document(whole: dict[str, Json], content_hash: str, *, is_real: bool | None = None) -> Event:
    """The same as `read_event`, from a JSON object whose hash is known."""
    document = open_document(whole)
    is_real = says_real(document.stated, said=is_real)
    frames = _Frames(document.frames, document.frames_at)
    header = _header(frames, is_real=is_real)
    state_identity(document.stated, header.run_id, header.event_id)
    series, main_series = _series(frames)
    return Event(
        header=header,
        format_version=document.version,
        is_real=is_real,
        content_hash=content_hash,
        main_series=main_series,
        series=series,
        seeds=_seeds(frames),
        vertex=_vertex(frames),
        scalars=_scalars(frames),
        objects=tuple(frames.objects),
        stated=flatten(document.stated),
        time_windows={name: found.by_module for name, found in frames.of_type(classes.TimeWindows).items()},
    )


def _header(frames: _Frames, *, is_real: bool) -> Header:
    headers = frames.of_type(classes.EventHeader)
    name = next((name for name in HEADER_NAMES if name in headers), None)
    if name is None:
        raise EventContentError("event", "holds no I3EventHeader in its P or Q frame")
    found, where = headers[name], frames.place(name)
    if is_real and found.run_id not in REAL_RUN_IDS:
        raise EventContentError(where, f"run id {found.run_id} is impossible for a real event, which has six digits")
    year, tenths = found.start
    if not utctime.FIRST_YEAR <= year <= utctime.LAST_YEAR:
        raise EventContentError(where, f"start time in the year {year} is impossible")
    if not 0 <= tenths < utctime.tenths_in_year(year):
        raise EventContentError(where, f"start time of {tenths} tenths of ns is not within the year {year}")
    iso, mjd = utctime.to_iso(year, tenths), utctime.to_mjd(year, tenths)
    return Header(found.run_id, found.event_id, found.sub_event_id, found.sub_event_stream, iso, mjd)


def _series(frames: _Frames) -> tuple[dict[str, Pulses], str]:
    places = {name: found.place for name, found in frames.by_name.items()}
    maps = resolve(frames.of_type(PulseMap), frames.of_type(Mask), places, frames.budget)
    main = next((name for name in MAIN_SERIES if name in maps), None)
    if main is None:
        raise EventContentError("event", f"holds no pulse series named {' or '.join(MAIN_SERIES)}")
    series = {name: to_pulses(maps[name], places[name]) for name in sorted(maps)}
    if len(series[main]) == 0:
        raise EventContentError(places[main], "holds no pulses")
    return series, main


def _seeds(frames: _Frames) -> tuple[Seed, ...]:
    """The reconstructions in the P frame that have a direction, by name."""
    particles = sorted(frames.of_type(classes.Particle).items())
    return tuple(
        _seed(name, found) for name, found in particles if frames.by_name[name].stream == "P" and _points(found)
    )


def _points(particle: classes.Particle) -> bool:
    """Whether a particle has a direction; NaN has none."""
    return 0 <= particle.zenith_rad <= math.pi and 0 <= particle.azimuth_rad <= 2 * math.pi


def _seed(name: str, found: classes.Particle) -> Seed:
    angles = found.zenith_rad, found.azimuth_rad
    return Seed(name, *angles, *found.position, found.t_ns, found.energy_gev, found.fit_status, found.shape)


def _vertex(frames: _Frames) -> tuple[float, float, float, float] | None:
    position = frames.of_type(classes.Position).get(VERTEX_POSITION)
    time = frames.of_type(float).get(VERTEX_TIME)
    if position is None or time is None or not all(map(math.isfinite, (*position, time))):
        return None
    return (*position, time)


def _scalars(frames: _Frames) -> dict[str, float | bool | str]:
    """Single values by name, those of small records by dotted name."""
    scalars: dict[str, float | bool | str] = {}
    for name, found in sorted(frames.by_name.items()):
        if isinstance(found.content, bool | int | float | str):
            scalars[name] = found.content
        elif isinstance(found.content, classes.FitParams | classes.TimeWindow | classes.Position):
            scalars.update({f"{name}.{key}": value for key, value in found.content._asdict().items()})
    return scalars
