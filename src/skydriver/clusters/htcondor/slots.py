"""Why jobs find no slot: what a pool's machines have, against what is asked of them; in the child process alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import classad2

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Asked(NamedTuple):
    """What one job asks for."""

    memory_mb: int
    disk_mb: int
    avoid: str
    """A ClassAd list."""
    attribute: str
    """By which name the job has it."""
    conditions: Sequence[Sequence[str]]
    """Pairs of what is said of machines that are not so, and the expression."""


def n_slots(slots: Iterable[classad2.ClassAd]) -> int:
    """How many there are; a slot that can be divided counts as one for each of its cores."""
    return sum(_cores(slot) for slot in slots)


def explain(slots: Sequence[classad2.ClassAd], asked: Asked) -> tuple[int, int, str]:
    """How many slots there are, how many could run such jobs, and a sentence.

    What a machine has as a whole counts, whether it is busy or not. One whose memory is enough for fewer jobs than it
    has cores counts with as many slots.
    """
    job = classad2.ClassAd(f"[RequestCpus = 1; {asked.attribute} = {asked.avoid}]")
    job["RequestMemory"], job["RequestDisk"] = asked.memory_mb, asked.disk_mb * 1024
    tests = [(lack, classad2.ExprTree(expression)) for lack, expression in asked.conditions]
    total, matching = 0, 0
    lacking: dict[str, int] = {}
    for slot in slots:
        cores = _cores(slot)
        fit = {lack: 0 for lack, test in tests if not _holds(test, job, slot)}
        fit |= _room(slot, asked) | _welcome(slot, job)
        total += cores
        matching += min([cores, *fit.values()])
        for lack, n_fit in fit.items():
            if n_fit < cores:
                lacking[lack] = lacking.get(lack, 0) + cores - n_fit
    return total, matching, _sentence(total, matching, lacking)


def _sentence(total: int, matching: int, lacking: dict[str, int]) -> str:
    if not total:
        return "the pool has no slots now"
    words = [f"{number} {lack}" for lack, number in sorted(lacking.items(), key=lambda item: -item[1])]
    return f"{matching} of {total} slots match{': ' if words else ''}{', '.join(words)}"


def _room(slot: classad2.ClassAd, asked: Asked) -> dict[str, int]:
    """For how many jobs the slot has memory and disk."""
    memory, disk = _number(slot, "TotalSlotMemory", "Memory"), _number(slot, "TotalSlotDisk", "Disk")
    return {
        f"have less than {asked.memory_mb} MB of memory": int(memory // max(1, asked.memory_mb)),
        f"have less than {asked.disk_mb} MB of disk": int(disk // max(1, asked.disk_mb * 1024)),
    }


def _welcome(slot: classad2.ClassAd, job: classad2.ClassAd) -> dict[str, int]:
    """Whether the machine's owner lets such jobs in; only what is surely a no counts."""
    start = slot.lookup("Start") if "Start" in slot else None
    closed = isinstance(start, classad2.ExprTree) and _value(start, slot, job) is False
    return {"take no such jobs (their START)": 0} if closed else {}


def _cores(slot: classad2.ClassAd) -> int:
    if slot.get("PartitionableSlot") is not True:
        return 1
    return max(1, int(_number(slot, "TotalSlotCpus", "Cpus")))


def _number(slot: classad2.ClassAd, *names: str) -> float:
    for name in names:
        value = slot.eval(name) if name in slot else None
        if isinstance(value, int | float) and not isinstance(value, classad2.Value):
            return float(value)
    return 0.0


def _holds(test: classad2.ExprTree, job: classad2.ClassAd, slot: classad2.ClassAd) -> bool:
    return _value(test, job, slot) is True


def _value(test: classad2.ExprTree, own: classad2.ClassAd, other: classad2.ClassAd) -> Any:
    try:
        return test.eval(own, other)
    except classad2.ClassAdException:
        return None
