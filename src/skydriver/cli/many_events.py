"""Many events of one ``skydriver submit``: each is a scan of its own, and none hinders another."""

from __future__ import annotations

import glob
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from skydriver.cli.exits import exit_code
from skydriver.cli.output import complain, one_line
from skydriver.errors import SettingError, SkyDriverError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from skydriver.client.client import ServiceClient

PATTERN: Final = frozenset("*?[")


@dataclass
class Entry:
    """What became of one event."""

    event: str
    """Its file, as it was named or found."""
    scan_id: str | None = None
    error: SkyDriverError | None = None
    code: int = 0
    """The exit code that it leads to."""
    answer: dict[str, Any] = field(default_factory=dict)
    """What came of its scan, where that was waited for."""

    def refuse(self, error: SkyDriverError) -> None:
        """It is no scan, and that is said."""
        self.error, self.code = error, exit_code(error)
        text, name = one_line(str(error)), one_line(self.event)
        complain(f"error: {text}" if text.startswith(name) else f"error: {name}: {text}")

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        error = None if self.error is None else str(self.error)
        return {"event": self.event, "scan_id": self.scan_id, "error": error} | self.answer


def entries_of(names: Iterable[str]) -> list[Entry]:
    """One for each file, in the order in which they are named; those of a pattern by name. A file counts once."""
    return [Entry(name) for name in dict.fromkeys(found for name in names for found in _matching(name))]


def submit_all(
    client: ServiceClient,
    entries: list[Entry],
    arguments_of: Callable[[str], dict[str, Any]],
    key: str | None,
    tell: Callable[[str], None],
) -> None:
    """Submit every event. Once the service is gone, the others are not tried.

    Parameters
    ----------
    client
        Of the service.
    entries
        The events; what becomes of them is noted there.
    arguments_of
        From a file to all arguments of ``POST /scan``.
    key
        With which each event's content makes a key; None: each is a new scan.
    tell
        Called with a line on each scan at once.
    """
    is_gone = False
    for entry in entries:
        if is_gone:
            entry.refuse(UnavailableError("not submitted, for the service does not answer"))
            continue
        try:
            entry.scan_id = _submit(client, arguments_of(existing(entry.event)), key)
        except SkyDriverError as error:
            is_gone = isinstance(error, UnavailableError)
            entry.refuse(error)
        else:
            tell(f"{entry.scan_id}  {entry.event}")
    n_scans = sum(entry.scan_id is not None for entry in entries)
    complain(f"{n_scans} of {len(entries)} events are submitted")


def code_of(entries: Iterable[Entry]) -> int:
    """The exit code: that of the first event with which something was wrong."""
    return next((entry.code for entry in entries if entry.code), 0)


def _submit(client: ServiceClient, arguments: dict[str, Any], key: str | None) -> str:
    from skydriver.cli.submit import submitted

    if key is not None:
        key = f"{key}-{hashlib.sha256(arguments['event_i3live_json'].encode()).hexdigest()[:16]}"
    return submitted(client, arguments, key)


def _matching(name: str) -> Iterator[str]:
    """The files that a name stands for; it itself where there are none, or no need to look."""
    from pathlib import Path

    if not PATTERN & set(name) or Path(name).exists():
        yield name
        return
    yield from sorted(glob.glob(name, recursive=True)) or [name]  # noqa: PTH207 - the pattern may be an absolute one


def existing(name: str) -> str:
    """A file's name; a `SettingError` where it is a pattern that nothing matches."""
    from pathlib import Path

    if PATTERN & set(name) and not Path(name).exists():
        raise SettingError("event", f"no file matches {name}")
    return name
