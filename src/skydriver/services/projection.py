"""Projections: the members of a manifest that somebody wants, named by the paths to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson

from skydriver.errors import SettingError
from skydriver.services.json_values import told

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENT: Final = "event_i3live_json_dict"
"""Of manifests of 2025 it is only there where it is named."""
NAMES: Final[dict[int, tuple[str, ...]]] = {
    2023: (
        "scan_id",
        "is_deleted",
        EVENT,
        "scanner_server_args",
        "tms_args",
        "env_vars",
        "condor_clusters",
        "event_metadata",
        "scan_metadata",
        "progress",
        "complete",
        "skydriver",
    ),
    2025: (
        "scan_id",
        "timestamp",
        "is_deleted",
        "scanner_server_args",
        "ewms_workflow_id",
        "ewms_address",
        "ewms_task",
        "priority",
        "classifiers",
        "i3_event_id",
        EVENT,
        f"{EVENT}__hash",
        "event_metadata",
        "scan_metadata",
        "progress",
        "replaced_by_scan_id",
        "last_updated",
        "skydriver",
    ),
}
"""The members of a manifest, by the generation of the API."""
EVERYTHING: Final = "*"
"""As good as no name."""
MAX_NAMES: Final = 100
MAX_NAME: Final = 500
"""Characters."""
MAX_PARTS: Final = 10
"""Of a name with dots."""


class Projection(NamedTuple):
    """What is wanted of a manifest."""

    names: tuple[str, ...]
    """Paths, with dots; none: all of it but the event."""

    @property
    def wants_event(self) -> bool:
        """Whether the event itself is to be in a manifest of 2025."""
        return any(name.partition(".")[0] == EVENT for name in self.names)


ALL: Final = Projection(())


def read_projection(argument: str, value: object, generation: int = 2025) -> Projection:
    """What an argument asks for; all of it where it is null or empty.

    Parameters
    ----------
    argument
        Its name.
    value
        A text of names with ``|`` between them, or a list of names. A name may lead into an object by dots.
    generation
        Of the API, whose manifest it is.

    Raises
    ------
    SettingError
        If it is neither, or a manifest has no such member; it says which there are.
    """
    names = tuple(dict.fromkeys(name for name in _names(argument, value) if name))
    if EVERYTHING in names:
        names = NAMES[generation] if Projection(names).wants_event else ()
    if len(names) > MAX_NAMES:
        raise SettingError(argument, f"has {len(names)} names, more than {MAX_NAMES}")
    for name in names:
        _check(argument, name, NAMES[generation])
    return Projection(names)


def project(manifest: Mapping[str, Any], projection: Projection) -> dict[str, Any]:
    """The members of a manifest that are wanted, in its order; a path that leads nowhere is left out."""
    if not projection.names:
        return dict(manifest)
    return _cut(manifest, [name.split(".") for name in projection.names])


def _names(argument: str, value: object) -> list[str]:
    given = value.split("|") if isinstance(value, str) else [] if value is None else value
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise SettingError(argument, f"is {told(value)}, neither names with | between them nor a list of names")
    return [name.strip() for name in given]


def _check(argument: str, name: str, known: tuple[str, ...]) -> None:
    parts = name.split(".")
    if parts[0] not in known:
        raise SettingError(argument, f"a manifest has no {told(name)}; it has {', '.join(known)}")
    if "" in parts or len(parts) > MAX_PARTS or len(name) > MAX_NAME:
        raise SettingError(argument, f"{told(name)} is no path of 1 to {MAX_PARTS} names with dots between them")


def _cut(value: Mapping[str, Any], paths: list[list[str]]) -> dict[str, Any]:
    cut = {}
    for name, item in value.items():
        below = [path[1:] for path in paths if path[0] == name]
        if [] in below:
            cut[name] = item
        elif below:
            cut |= _below(name, item, below)
    return cut


def _below(name: str, item: Any, paths: list[list[str]]) -> dict[str, Any]:
    """What is wanted of a member's members: of a list, those of each of its objects."""
    if isinstance(item, orjson.Fragment):
        item = orjson.loads(orjson.dumps(item))
    if isinstance(item, dict):
        return {name: _cut(item, paths)}
    if isinstance(item, list):
        return {name: [_cut(each, paths) for each in item if isinstance(each, dict)]}
    return {}
