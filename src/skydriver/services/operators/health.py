"""Whether the service is well, for programs that start it anew where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import skydriver
from skydriver.errors import UnavailableError
from skydriver.services.coordination.states import Status
from skydriver.services.operators.levels import levels

if TYPE_CHECKING:
    from skydriver.services.context import Service
    from skydriver.services.operators.levels import Levels

STUCK_S: Final = 120.0
"""Coordination that has not gone round for so long is stuck: making a large map takes a part of it."""


class Health(NamedTuple):
    """What is found."""

    problem: str | None
    """In a sentence; None where it is well."""
    facts: dict[str, Any]


def health(service: Service) -> Health:
    """Whether the database answers and coordination goes on."""
    facts: dict[str, Any] = dict.fromkeys(("queued", "active", "workers", "leases"))
    problem = None
    try:
        facts |= _numbers(levels(service))
    except UnavailableError as error:
        problem = str(error)
    database, age_s = problem or "ok", service.pulse.age_s
    if problem is None and age_s > STUCK_S:
        problem = f"coordination has not gone on for {age_s:.0f} s: start the service again"
    words = {"status": "ok" if problem is None else "failing", "version": skydriver.__version__, "database": database}
    ages = {"reconciler_age_s": round(age_s, 3), "up_s": round(service.pulse.up_s, 3)}
    return Health(problem, {**words, **ages, **facts})


def _numbers(found: Levels) -> dict[str, int]:
    queued = found.scans[Status.QUEUED]
    active = sum(found.scans.values()) - queued
    return {"queued": queued, "active": active, "workers": sum(found.workers.values()), "leases": found.leases}
