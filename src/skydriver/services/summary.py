"""The summary beside a map, read back: what was found out about its event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from skydriver.errors import ResultError
from skydriver.events.limits import MAX_FRAMES, MAX_SLOTS
from skydriver.services.topology import Label  # noqa: TC001 - pydantic reads it
from skydriver.skymap.files import is_there, read_whole

if TYPE_CHECKING:
    from pathlib import Path

MAX_ITEMS = MAX_FRAMES * MAX_SLOTS + 1000
"""Of a list: an event may come with a first look in each of its objects, and with a reason for each."""
MAX_TEXT = 10_000


def _escaped(text: str) -> str:
    """A text whose control characters are escaped: it may stand in a line of a product."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


Line = Annotated[str, AfterValidator(_escaped)]


class _Part(BaseModel):
    """Of the keys of ``skydriver scan --json`` those that products need; others are not looked at."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", str_max_length=MAX_TEXT)


class BestPixel(_Part):
    """The pixel of lowest llh."""

    nside: int
    pixel: int


class Topology(_Part):
    """What kind of event it was."""

    label: Label


class QuotedText(_Part):
    """What is quoted, in short."""

    kind: Literal["region", "first_look", "vertex", "none"]
    text: Line


class Verdict(_Part):
    """Whether the result may be used."""

    answer: Literal["yes", "caution", "no"]
    reasons: list[Line] = Field(max_length=MAX_ITEMS)


class Look(_Part):
    """A direction that came with the event."""

    name: Line
    ra_deg: FiniteFloat = Field(ge=0.0, le=360.0)
    dec_deg: FiniteFloat = Field(ge=-90.0, le=90.0)


class Regions(_Part):
    """What the regions of the map rest on."""

    calibration: Line
    tests_only: bool
    sigma_sys_deg: FiniteFloat = Field(ge=0.01, le=90.0)
    area90_deg2: FiniteFloat


class Summary(_Part):
    """What was found out about an event by a scan."""

    run_id: int
    event_id: int
    algorithm: str
    partial: bool
    best_fit: BestPixel | None
    topology: Topology
    headline: QuotedText
    verdict: Verdict
    posterior: Regions | None
    first_looks: list[Look] = Field(max_length=MAX_ITEMS)
    event_stated: dict[Line, FiniteFloat] = Field(max_length=MAX_ITEMS)


def summary_path(path: Path) -> Path:
    """Where the summary of the map in the file `path` lies."""
    return path.with_name(path.name.removesuffix(path.suffix) + ".summary.json")


def summary_beside(path: Path) -> Summary | None:
    """The summary of the map in the file `path`; None where there is none.

    Raises
    ------
    ResultError
        Naming the file, and the key that is missing or wrong.
    """
    beside = summary_path(path)
    if not is_there(beside):
        return None
    try:
        return Summary.model_validate_json(read_whole(beside))
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        raise ResultError(f"{beside.name}: {where}{first['msg']}") from error
