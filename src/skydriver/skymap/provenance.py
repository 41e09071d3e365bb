"""How a map was made. Nothing here may differ between equal runs: no time, path, host or number of workers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from skydriver.errors import ResultError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

FORMAT = 1
"""Version of the JSON form."""
LATER_FIELDS: dict[str, object] = {"selection": {}, "region": {}}
"""Fields that files of earlier releases lack, and what they mean by that."""
_LARGEST = 1e308
"""Numbers are finite: smaller than this."""


class PixelError(NamedTuple):
    """Why a pixel has no value."""

    nside: int
    pixel: int
    message: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that the numbers of a map depend on, and what is wrong with them."""

    algorithm: str
    """Name of the reconstruction, of letters, digits and underscores."""
    algorithm_version: str
    llh_meaning: str
    """What the negative log-likelihood is the likelihood of."""
    nsides: tuple[tuple[int, int], ...]
    """The progression: (nside, pixel extension) for each stage."""
    rounds: int
    """Rounds per stage: 1 plus the sweeps."""
    predictive_scanning_threshold: float
    max_reco_time_s: float | None
    """Limit on the CPU time of one fit, s; None: no limit."""
    pulse_series: str
    """Name of the series in the event."""
    cleaning: str
    """How it was cleaned, in words."""
    counts: Mapping[str, float]
    """Of the cleaned pulses: ``n_dom``, ``n_pulse``, ``qtot_pe``, and what was excluded."""
    geometry_hash: str
    """sha256 of the table of DOM positions."""
    ice_hash: str
    """sha256 of the ice model's table."""
    tables: Mapping[str, str]
    """Every other table and setting of the reconstruction, by name."""
    earth_orientation: str
    """The Earth-orientation table."""
    event_hash: str
    """sha256 of the event's canonical JSON."""
    software_version: str
    """Of skydriver."""
    machine: str
    """Processor family and instruction set level (`skydriver.recos.machine`)."""
    partial: bool = False
    """Whether the scan ended before it was finished."""
    not_reproducible: tuple[str, ...] = ()
    """Why another run may differ, for example a fit that ran out of time; empty where none may."""
    errors: tuple[PixelError, ...] = ()
    """Why pixels have no value, by nside and pixel."""
    selection: Mapping[str, str] = field(default_factory=dict)
    """What was asked for otherwise than by default of the pulses to fit, by the option's name."""
    region: Mapping[str, str] = field(default_factory=dict)
    """Which part of the sky was asked for, by the names of the settings; empty for the whole sky."""

    def __post_init__(self) -> None:
        """Freeze and sort; refuse what cannot be written."""
        if not is_name(self.algorithm):
            raise ResultError(f"{self.algorithm[:40]!r} is no name of an algorithm")
        numbers = {"predictive_scanning_threshold": self.predictive_scanning_threshold, **self.counts}
        for name, number in numbers.items():
            if not abs(number) < _LARGEST:
                raise ResultError(f"provenance: {name} {number!r} is not a finite number")
        object.__setattr__(self, "errors", tuple(sorted(PixelError(*error) for error in self.errors)))
        for name in ("counts", "tables", "selection", "region"):
            object.__setattr__(self, name, MappingProxyType(dict(sorted(getattr(self, name).items()))))

    @property
    def statement(self) -> str:
        """What every product says of itself."""
        return (
            f"Made by SkyDriver {self.algorithm} {self.algorithm_version}, independent of and not endorsed by IceCube. "
            "The likelihood in its map is statistical only: systematic uncertainties of the ice and the detector are "
            "not in it. "
            "Compare with the official notice before pointing."
        )

    def to_json(self) -> bytes:
        """As JSON, the same bytes for the same contents; the statement stands first."""
        content = {f.name: getattr(self, f.name) for f in fields(self)} | {
            "counts": dict(self.counts),
            "tables": dict(self.tables),
            "selection": dict(self.selection),
            "region": dict(self.region),
        }
        document = {"statement": self.statement, "format": FORMAT, **content}
        return json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes | str) -> Provenance:
        """Read `to_json`'s form.

        Raises
        ------
        ResultError
            Naming what is missing, unknown or not of its type.
        """
        document = LATER_FIELDS | _document(data)
        if document.get("format") != FORMAT:
            raise ResultError(f"provenance: format {document.get('format')!r} is not {FORMAT}, the one known here")
        names = {f.name for f in fields(cls)}
        if odd := (names ^ document.keys()) - {"statement", "format"}:
            raise ResultError(f"provenance: {min(odd)[:40]} is {'missing' if min(odd) in names else 'unknown'}")
        return cls(**{f.name: _read(f.name, str(f.type), document[f.name]) for f in fields(cls)})


def is_name(text: str) -> bool:
    """Whether `text` may stand in a file name as an algorithm's name."""
    return text.isascii() and text.replace("_", "a").isalnum() and len(text) <= 64


def _document(data: bytes | str) -> dict[str, object]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ResultError(f"provenance: not JSON ({error})") from error
    if not isinstance(document, dict):
        raise ResultError("provenance: not a JSON object")
    return document


def _read(name: str, kind: str, value: object) -> Any:
    """A field from its JSON form; `kind` is its annotation."""
    is_kind, convert = _KINDS[kind]
    if not is_kind(value):
        raise ResultError(f"provenance: {name} is not of the type {kind}")
    return convert(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _all_in(container: type, is_item: Callable[[object], bool]) -> Callable[[object], bool]:
    """Whether a value is a list, or a dict, of nothing but such items."""

    def check(value: object) -> bool:
        items = value.values() if isinstance(value, dict) else value
        return isinstance(value, container) and all(map(is_item, cast("Iterable[object]", items)))

    return check


def _is_tuple_of(*kinds: Callable[[object], bool]) -> Callable[[object], bool]:
    """Whether a value is a list of as many items, each of its kind."""

    def check(value: object) -> bool:
        fits = isinstance(value, list) and len(value) == len(kinds)
        return fits and all(kind(item) for kind, item in zip(kinds, cast("list[object]", value), strict=True))

    return check


_KINDS: dict[str, tuple[Callable[[object], bool], Callable[[Any], Any]]] = {
    "str": (_is_text, str),
    "bool": (lambda value: isinstance(value, bool), bool),
    "int": (_is_whole, int),
    "float": (_is_number, float),
    "float | None": (lambda value: value is None or _is_number(value), lambda value: value),
    "Mapping[str, float]": (_all_in(dict, _is_number), dict),
    "Mapping[str, str]": (_all_in(dict, _is_text), dict),
    "tuple[str, ...]": (_all_in(list, _is_text), tuple),
    "tuple[tuple[int, int], ...]": (
        _all_in(list, _is_tuple_of(_is_whole, _is_whole)),
        lambda value: tuple((nside, extension) for nside, extension in value),
    ),
    "tuple[PixelError, ...]": (
        _all_in(list, _is_tuple_of(_is_whole, _is_whole, _is_text)),
        lambda value: tuple(PixelError(*error) for error in value),
    ),
}
"""For each annotation of a field: whether a JSON value is one, and how it becomes one."""
