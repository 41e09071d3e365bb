"""What a calibration has measured so far, in a file: one line of JSON for each finished event.

Lines are only ever appended, so a run that is killed loses no more than the line that it was writing. Every line says
what it was made with.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from skydriver.errors import ResultError, SettingError
from skydriver.services.calibration.truth_scans import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

FORMAT: Final = 1
_BEGINNING: Final = f'{{"calibration_state": {FORMAT}, '.encode()
"""Of every line."""


class CalibrationState:
    """Finished records by the key of their event; as a context manager it keeps its file open.

    Parameters
    ----------
    path
        The file, made where it is missing; None: nothing is kept beyond this object.
    made_with
        All that a record's numbers depend on but its event, as JSON.

    Raises
    ------
    SettingError
        Naming ``state``: the file was made with something else, or is none.
    ResultError
        If it cannot be read or written.
    """

    def __init__(self, path: Path | None, made_with: Mapping[str, Any]) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        self._made_with: dict[str, Any] = json.loads(json.dumps(made_with))
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        """Read what is there and make ready to append."""
        if self.path is not None:
            try:
                self._file = self.path.open("a+b")
                self._file.seek(0)
                self._file.truncate(self._take_in(self._file.read()))
            except OSError as error:
                self.close()
                raise ResultError(f"cannot write {self.path}: {error.strerror or error}") from error
            except SettingError:
                self.close()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    def close(self) -> None:
        """Close the file; nothing can be added to it any more."""
        if self._file is not None:
            self._file.close()

    def add(self, key: str, record: Record) -> None:
        """Keep a record; once this returns, no end of the process loses it."""
        self.records[key] = record
        if self._file is None:
            return
        content = {"made_with": self._made_with, "key": key, "record": record.to_json()}
        line = _BEGINNING + json.dumps(content, allow_nan=False).encode()[1:] + b"\n"
        try:
            self._file.write(line)
            self._file.flush()
        except OSError as error:
            raise ResultError(f"cannot write {self.path}: {error.strerror or error}") from error

    def _take_in(self, data: bytes) -> int:
        """Read all whole lines; the length of what is to stay, without a torn last line."""
        *lines, torn = data.split(b"\n")
        for number, line in enumerate(lines, 1):
            self._take_in_line(number, line)
        if torn[: len(_BEGINNING)] != _BEGINNING[: len(torn)]:
            raise self._no_state(len(lines) + 1)
        return len(data) - len(torn)

    def _take_in_line(self, number: int, line: bytes) -> None:
        if not line.startswith(_BEGINNING):
            raise self._no_state(number)
        try:
            content = json.loads(line)
            self._check(number, content["made_with"])
            self.records[content["key"]] = Record.from_json(content["record"])
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise self._no_state(number) from error

    def _check(self, number: int, made_with: dict[str, Any]) -> None:
        """Complain of the first thing that differs."""
        for name in sorted(self._made_with.keys() | made_with.keys()):
            was, now = made_with.get(name), self._made_with.get(name)
            if was != now:
                what = "" if isinstance(now, dict | list) else f" {now!r}, but with {was!r}"
                raise SettingError("state", f"line {number} of {self.path} was not made with this {name}{what}")

    def _no_state(self, number: int) -> SettingError:
        return SettingError("state", f"line {number} of {self.path} is none of a calibration's state")
