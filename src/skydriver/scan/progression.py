"""The nside progression: which HEALPix resolutions a scan goes through, and how many pixels each refines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from skydriver.errors import SettingError

MAX_NSIDE = 2**29
"""The largest nside whose pixel numbers fit HEALPix's 64-bit schemes."""
MAX_PIXELS = 4_000_000
"""More pixels than this in one scan are a slip of the pen: the whole sky at nside 512 has 3.1 million."""

_PAIR = re.compile(r"\s*(-?[0-9]{1,20})\s*:\s*(-?[0-9]{1,20})\s*", re.ASCII)
_INTEGER = re.compile(r"-?[0-9]{1,20}", re.ASCII)


class Stage(NamedTuple):
    """One resolution of a scan."""

    nside: int
    extension: int
    """How many pixels of the stage before are refined; 0 for the first stage, which covers the sky."""


@dataclass(frozen=True, slots=True)
class Progression:
    """The validated stages of a scan, coarse to fine.

    Raises
    ------
    SettingError
        Naming ``nsides``, where the stages make no scan.
    """

    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        """Refuse what makes no scan."""
        _check_nsides(self.nsides)
        _check_extensions(self.stages)
        _check_sizes(self)

    @property
    def nsides(self) -> tuple[int, ...]:
        """The resolutions, coarse to fine."""
        return tuple(stage.nside for stage in self.stages)

    @property
    def stage_pixels(self) -> tuple[int, ...]:
        """Number of pixels of each stage: the whole sky, then N·(n/previous)² each; a part of the sky has fewer."""
        first = 12 * self.stages[0].nside ** 2
        return first, *(b.extension * (b.nside // a.nside) ** 2 for a, b in pairwise(self.stages))

    @property
    def n_pixels(self) -> int:
        """Number of pixels over all stages, of the whole sky."""
        return sum(self.stage_pixels)

    def widened(self) -> Progression | None:
        """The same with twice as many pixels refined in the last stage, or as many as there are; None if those are."""
        if len(self.stages) == 1:
            return None
        *before, last = self.stages
        extension = min(2 * last.extension, self.stage_pixels[-2])
        if extension == last.extension or self._replaced(extension) > MAX_PIXELS:
            return None
        return Progression((*before, Stage(last.nside, extension)))

    def _replaced(self, extension: int) -> int:
        """Number of pixels if the last stage refined so many."""
        ratio = (self.nsides[-1] // self.nsides[-2]) ** 2
        return self.n_pixels + (extension - self.stages[-1].extension) * ratio

    def __str__(self) -> str:
        return ",".join(f"{stage.nside}:{stage.extension}" for stage in self.stages)


def parse_nsides(value: object) -> Progression:
    """A progression from what a user wrote.

    Parameters
    ----------
    value
        Text like ``8:0,64:12,512:24``, a mapping ``{8: 0, 64: 12}`` (keys may be text, as in JSON), or a
        sequence of pairs; in ascending order of nside.

    Raises
    ------
    SettingError
        Naming ``nsides`` and what is wrong with it.
    """
    if isinstance(value, str):
        pairs = [_split(item) for item in value.split(",")]
    elif isinstance(value, Mapping):
        pairs = [_pair(item) for item in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        pairs = [_pair(item) for item in value]
    else:
        raise SettingError(
            "nsides", f"{_short(value)} is neither text like 8:0,64:12 nor a mapping nor a list of pairs"
        )
    return Progression(tuple(Stage(*pair) for pair in pairs))


def _split(item: str) -> tuple[int, int]:
    """One ``nside:extension`` of the text form."""
    match = _PAIR.fullmatch(item)
    if match is None:
        raise SettingError("nsides", f"{_short(item)} is not of the form NSIDE:EXTENSION, two whole numbers")
    return int(match[1]), int(match[2])


def _pair(item: object) -> tuple[int, int]:
    """One pair of the mapping or list form."""
    if not isinstance(item, Sequence) or isinstance(item, str) or len(item) != 2:
        raise SettingError("nsides", f"{_short(item)} is not a pair of nside and pixel extension")
    return _whole(item[0]), _whole(item[1])


def _whole(value: object) -> int:
    """A whole number, as an int or as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    raise SettingError("nsides", f"{_short(value)} is not a whole number")


def _short(value: object) -> str:
    """What the user wrote, cut to a length that fits a sentence."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _check_nsides(nsides: tuple[int, ...]) -> None:
    """Refuse nsides that are not strictly ascending powers of two."""
    if not nsides:
        raise SettingError("nsides", "at least one stage is needed, for example 8:0")
    for nside in nsides:
        if nside < 1 or nside & (nside - 1):
            raise SettingError("nsides", f"{_short(nside)} is not a power of two")
        if nside > MAX_NSIDE:
            raise SettingError("nsides", f"{_short(nside)} is beyond the largest possible nside, {MAX_NSIDE}")
    for before, after in pairwise(nsides):
        if after <= before:
            raise SettingError("nsides", f"{after} does not ascend from {before}")


def _check_extensions(stages: tuple[Stage, ...]) -> None:
    """Refuse a first stage that is not the whole sky, and later ones that refine nothing."""
    if stages[0].extension != 0:
        raise SettingError(
            "nsides", f"the first stage covers the whole sky, so its extension is 0, not {_short(stages[0].extension)}"
        )
    for nside, extension in stages[1:]:
        if extension < 1:
            raise SettingError("nsides", f"nside {nside} must refine at least 1 pixel, not {_short(extension)}")


def _check_sizes(progression: Progression) -> None:
    """Refuse to refine more pixels than there are, or to scan absurdly many."""
    stages, sizes = progression.stages, progression.stage_pixels
    for (before, _), (nside, extension), size in zip(stages, stages[1:], sizes, strict=False):
        if extension > size:
            problem = (
                f"nside {nside} asks to refine {_short(extension)} pixels of nside {before}, which has only {size}"
            )
            raise SettingError("nsides", problem)
    if progression.n_pixels > MAX_PIXELS:
        raise SettingError("nsides", f"{progression.n_pixels} pixels in all are more than {MAX_PIXELS}")
