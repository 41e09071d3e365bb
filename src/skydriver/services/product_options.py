"""How a product is asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import skydriver
from skydriver.errors import SettingError, UnknownError
from skydriver.services.product_kinds import KINDS
from skydriver.skymap.notice import TENSES, TEST

if TYPE_CHECKING:
    from skydriver.services.product_kinds import Kind

MAX_NSIDE: Final = 1024
"""12.6 million pixels, 150 MB before compression; the command makes larger ones of the same map."""
MAX_NAME: Final = 100
"""Letters of an event's name."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Options as they are asked for; each product takes those that matter to it, and drops the others.

    Raises
    ------
    SettingError
        Naming the option that is none.
    """

    nested: bool = False
    """Whether the flat map is in NESTED order."""
    nside: int | None = None
    """Of the flat map."""
    tense: str = TEST
    """Of the notice."""
    event_name: str | None = None
    """Of the notice and the circular."""

    def __post_init__(self) -> None:
        """Check them."""
        nside, name = self.nside, self.event_name
        if nside is not None and (not 1 <= nside <= MAX_NSIDE or nside & (nside - 1)):
            raise SettingError("nside", f"{nside} is not a power of two from 1 to {MAX_NSIDE}")
        if self.tense not in TENSES:
            raise SettingError("tense", f"{self.tense[:40]!r} is none of {', '.join(TENSES)}")
        if name is not None and not (0 < len(name) <= MAX_NAME and name.isprintable()):
            raise SettingError("event_name", f"it is not a line of 1 to {MAX_NAME} letters")

    def of(self, kind: Kind) -> dict[str, Any]:
        """Those that matter to a product."""
        return {name: value for name, value in asdict(self).items() if name in kind.takes}


def kind_named(name: str) -> Kind:
    """The product of this name; an `UnknownError` says which there are."""
    for kind in KINDS:
        if kind.ending == name:
            return kind
    raise UnknownError(f"name: there is no product {name[:40]!r}, only {', '.join(kind.ending for kind in KINDS)}")


def options_hash(options: dict[str, Any]) -> str:
    """Of how a product is made: by which release, and with which options."""
    said = json.dumps([skydriver.__version__, options], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()
