"""The arguments of POST /scan by name: which there are, in both generations of the API, and how one is read."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, TypeVar

from skydriver.errors import SettingError
from skydriver.services.json_values import MAX_TOLD, OF_ARGUMENTS, check_value, told
from skydriver.services.sizes import parse_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

EVENT = "event_i3live_json"
ALIASES = {
    "cluster": ("cluster", "request_clusters"),
    "worker_memory_bytes": ("worker_memory_bytes", "worker_memory", "memory"),
    "worker_disk_bytes": ("worker_disk_bytes", "worker_disk"),
    "scanner_server_memory_bytes": ("scanner_server_memory_bytes", "scanner_server_memory"),
    "max_pixel_reco_time": ("max_pixel_reco_time", "max_reco_time"),
    "scanner_server_env": ("scanner_server_env", "scanner_server_env_from_user"),
}
"""By the name under which a request is stored, all names that an argument has."""
ONE_NAME = (
    "docker_tag",
    "reco_algo",
    "nsides",
    "real_or_simulated_event",
    EVENT,
    "i3_event_id",
    "predictive_scanning_threshold",
    "priority",
    "classifiers",
    "debug_mode",
    "manifest_projection",
    "dry_run",
    "force_new",
)
KNOWN = frozenset({*ONE_NAME, *(name for names in ALIASES.values() for name in names)})
CLUSTER_KEYS_OF_2023 = frozenset({"collector", "schedd", "njobs"})
_INTEGER = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?", re.ASCII)

Value = TypeVar("Value")


def generation_of(arguments: Mapping[str, object]) -> int:
    """Which API a request follows: 2023 if its clusters, or the first of them, are ``{collector, schedd, njobs}``."""
    given = next((arguments[name] for name in ALIASES["cluster"] if arguments.get(name) is not None), None)
    if isinstance(given, list):
        given = next((item for item in given if isinstance(item, dict)), None)
    return 2023 if isinstance(given, dict) and not CLUSTER_KEYS_OF_2023.isdisjoint(given) else 2025


class Arguments:
    """The arguments of one request; null is as good as left out.

    Raises
    ------
    SettingError
        Naming an argument that there is not (only in a request of 2025: one of 2023 may hold others), one that is given
        under two names, or one that holds what nothing can hold.
    """

    def __init__(self, arguments: Mapping[str, object]) -> None:
        self.generation = generation_of(arguments)
        if self.generation != 2023:
            refuse_unknown(arguments, KNOWN, "POST /scan")
        self._given = {name: arguments[name] for name in KNOWN if arguments.get(name) is not None}
        for names in ALIASES.values():
            both = [name for name in names if name in self._given]
            if len(both) > 1:
                raise SettingError(both[0], f"is given, and {both[1]} too, which is the same")
        for name, value in sorted(self._given.items()):
            if name != EVENT:
                check_value(name, value, OF_ARGUMENTS)

    def find(self, name: str) -> tuple[str, object]:
        """The name under which an argument was given, and its value; None where it was not."""
        given = next((alias for alias in ALIASES.get(name, (name,)) if alias in self._given), name)
        return given, self._given.get(given)

    def required(self, name: str) -> tuple[str, object]:
        """The same, of an argument that must be given."""
        given, value = self.find(name)
        if value is None:
            raise SettingError(given, "is missing")
        return given, value

    def text(self, name: str) -> str:
        """A text that must be given."""
        given, value = self.required(name)
        if not isinstance(value, str):
            raise SettingError(given, f"is {told(value)}, not a text")
        if not value.strip():
            raise SettingError(given, "is empty")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where it was left out."""
        given, value = self.find(name)
        if not isinstance(value, bool | None):
            raise SettingError(given, f"is {told(value)}, neither true nor false")
        return value is True

    def integer(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number, or its digits."""
        return self._within(name, whole, default, (lowest, highest), "a whole number")

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        """A number, or its digits."""
        return self._within(name, number, default, (lowest, highest), "a number")

    def size(self, name: str, default: int) -> int:
        """A size of memory or disk, bytes."""
        given, value = self.find(name)
        size = default if value is None else parse_size(value)
        if size is None:
            raise SettingError(
                given, f"{told(value)} is no size like 8GB, 8 GiB or a number of bytes, more than nothing"
            )
        return size

    def _within(
        self, name: str, read: Callable[[object], Value | None], default: Value, ends: tuple[Value, Value], what: str
    ) -> Value:
        given, value = self.find(name)
        found = default if value is None else read(value)
        if found is None or not ends[0] <= found <= ends[1]:  # type: ignore[operator]
            raise SettingError(given, f"is {told(value)}, not {what} from {ends[0]:.10g} to {ends[1]:.10g}")
        return found


def whole(value: object) -> int | None:
    """A whole number from itself, from a float without a fraction, or from digits; else None."""
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """A number from itself or from digits; else None."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def refuse_unknown(arguments: Mapping[str, object], known: Collection[str], route: str) -> None:
    """A `SettingError` that names an argument that a route has not, and the one that may be meant."""
    unknown = next((name for name in arguments if name not in known), None)
    if unknown is None:
        return
    close = difflib.get_close_matches(unknown[:MAX_TOLD], sorted(known), 1)
    hint = f"; is {close[0]} meant?" if close else ""
    name = unknown if unknown.isascii() and unknown.isidentifier() and len(unknown) <= MAX_TOLD else told(unknown)
    raise SettingError(name, f"is no argument of {route}{hint}")
