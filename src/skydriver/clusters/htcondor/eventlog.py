"""The event log of a job, in HTCondor's classic format, read without trust."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from skydriver.clusters.htcondor.ads import plain

_HEAD = re.compile(
    r"(?P<number>\d{3}) \((?P<cluster>\d{1,10})\.(?P<proc>\d{1,10})\.\d{1,10}\) "
    r"(?P<time>\S{1,20} \S{1,20}) (?P<text>.*)",
    re.ASCII,
)
_END: Final = "..."
_SIGNAL = re.compile(r"\(0\) Abnormal termination \(signal (\d{1,3})\)")
_CODE = re.compile(r"\(1\) Normal termination \(return value (-?\d{1,10})\)")
EVICTED: Final = 4
"""Its lines are numbers, but for one that says what failed if anything did."""
BAD: Final = {4: "evicted", 7: "shadow exception", 9: "removed", 12: "held", 22: "disconnected", 24: "not reconnected"}


class LogEvent(NamedTuple):
    """One event."""

    number: int
    """HTCondor's: 0 submitted, 1 executing, 5 terminated and so on."""
    cluster_id: int
    proc: int
    time: str
    """By the schedd's clock, as it writes it."""
    text: str
    """The first line, without what stands before."""
    lines: tuple[str, ...]
    """The others, without indentation."""

    @property
    def exit_signal(self) -> int | None:
        """By which the job was killed, of an event that says so."""
        return self._found(_SIGNAL)

    @property
    def exit_code(self) -> int | None:
        """With which the job ended, of an event that says so."""
        return self._found(_CODE)

    @property
    def trouble(self) -> str | None:
        """What went wrong, in words; None if nothing did."""
        if self.number == 5:
            if self.exit_signal is not None:
                return f"killed by signal {self.exit_signal}"
            return f"ended with code {self.exit_code}" if self.exit_code else None
        if self.number not in BAD:
            return None
        told = self.lines if self.number != EVICTED else [line for line in self.lines if line.startswith("Error")]
        return plain(f"{BAD[self.number]}: {next((line for line in told if line), self.text)}")

    def _found(self, pattern: re.Pattern[str]) -> int | None:
        if self.number != 5:
            return None
        return next((int(match[1]) for line in self.lines if (match := pattern.match(line))), None)


def read_events(text: str) -> list[LogEvent]:
    """The events of a log, in order; what is no event, and one that is cut off at the end, is passed over."""
    events: list[LogEvent] = []
    lines: list[str] = []
    for line in text.splitlines():
        if line != _END:
            lines.append(line)
            continue
        event = _event(lines)
        lines = []
        if event is not None:
            events.append(event)
    return events


def last_trouble(text: str) -> str | None:
    """The last thing that went wrong with a job."""
    return next((words for event in reversed(read_events(text)) if (words := event.trouble)), None)


def _event(lines: list[str]) -> LogEvent | None:
    """From its first line on: what stands before that was cut off."""
    for number, line in enumerate(lines):
        match = _HEAD.fullmatch(line)
        if match:
            rest = tuple(each.strip() for each in lines[number + 1 :])
            return LogEvent(
                int(match["number"]), int(match["cluster"]), int(match["proc"]), match["time"], match["text"], rest
            )
    return None
