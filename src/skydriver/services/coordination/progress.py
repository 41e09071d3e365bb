"""How far a scan is: for its manifest, and for those who wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import fits, scans, workers
from skydriver.scan.forecast import Forecast, forecast
from skydriver.scan.planner import PlanSettings, Tally
from skydriver.services.coordination.maps import request_of
from skydriver.services.coordination.states import Status
from skydriver.services.coordination.turn import take_turn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skydriver.db.database import Connection
    from skydriver.services.context import Service

LOCAL = "local"
BEST = ("nside", "pixel", "llh")
"""What is told of the best fit so far."""
TOLD = ("seconds_left", "pixels_done", "pixels_total")
"""What is announced as it is stored."""


class Measured(NamedTuple):
    """How far a scan is."""

    fraction: float
    values: Mapping[str, object]
    """Other columns of its row: the document that a manifest shows, remaining time, pixels, best fit."""


def look(connection: Connection, scan: scans.Scan, now: float, *, is_over: bool = False) -> Measured:
    """How far a scan is, from its rows."""
    rounds = fits.tallies(connection, scan.id)
    at_work = min(scan.n_local, workers.count_living(connection, LOCAL)) + workers.count_of_scan(connection, scan.id)
    settings = request_of(scan).plan_settings()
    tallies = _tallies(settings, rounds)
    ahead = forecast(settings, tallies, at_work)
    document = _document(scan, ahead, tallies, now)
    if is_over:
        document["end"] = now
        document["processing_stats"] |= {"end": _iso(now), "finished": True}
    best = fits.best(connection, scan.id)
    values = {
        "progress": orjson.dumps(document).decode(),
        "seconds_left": 0.0 if is_over else ahead.seconds_left,
        "pixels_done": ahead.pixels_done,
        "pixels_total": ahead.pixels_total,
        "best": None if best is None else orjson.dumps(dict(zip(BEST, best, strict=True))).decode(),
    }
    return Measured(1.0 if is_over else ahead.fraction, values)


def measure(service: Service, scan_id: str) -> None:
    """Store how far a scan is."""
    with service.database.reading() as connection:
        scan = scans.get(connection, scan_id)
        if scan is None or scan.status not in {Status.STARTING, Status.RUNNING}:
            return
        seen = look(connection, scan, service.database.now(connection))
    with take_turn(service, CommitPoint.MEASURE) as turn:
        stored = scans.measured(turn.connection, scan_id, *seen)
        if stored is not None:  # told as stored: a forecast may be lower than the one before
            turn.announce(scan_id, "progress", **stored._asdict(), **_told(seen))


def _told(seen: Measured) -> dict[str, object]:
    """What is announced of how far a scan is."""
    best = seen.values["best"]
    return {name: seen.values[name] for name in TOLD} | {"best": None if best is None else orjson.loads(str(best))}


def _tallies(settings: PlanSettings, rounds: Sequence[fits.Tallied]) -> list[Tally]:
    """Rounds as the forecast takes them: those of stages that are over and wanted nothing are empty."""
    there = {(r.nside, r.round): r for r in rounds}
    nsides = [nside for nside in settings.progression.nsides if (nside, 0) in there]
    found = []
    for nside in nsides:
        for number in range(settings.rounds):
            row = there.get((nside, number))
            if row is not None:
                found.append(Tally(*row))
            elif nside != nsides[-1]:
                found.append(Tally(nside, number, 0, 0, 0.0))
    return found


def _document(scan: scans.Scan, ahead: Forecast, tallies: Sequence[Tally], now: float) -> dict[str, Any]:
    """What a manifest shows as ``progress``: the shape that scanners send (CONTRACT section 6)."""
    began = scan.launched or scan.created
    return {
        "summary": f"{ahead.pixels_done} of {ahead.pixels_total} pixels, {ahead.fits_done} fits",
        "epilogue": f"{scan.fits_failed} fits failed" if scan.fits_failed else "",
        "tallies": {f"nside-{t.nside} round {t.round}": {"wanted": t.wanted, "done": t.done} for t in tallies},
        "processing_stats": _stats(scan, ahead, began, now),
        "predictive_scanning_threshold": scan.threshold,
        "last_updated": _iso(now),
        "start": began,
    }


def _stats(scan: scans.Scan, ahead: Forecast, began: float, now: float) -> dict[str, Any]:
    """Objects of texts, as scanners send them: programs of 2023 look into each."""
    stats: dict[str, Any] = {"start": {"scanner start": _iso(began)}, "runtime": {"elapsed": _span(now - began)}}
    if scan.fits_done:
        stats["rate"] = {"per fit": f"{scan.cpu_seconds / scan.fits_done:.4g} CPU-seconds"}
    if ahead.seconds_left is not None:
        stats["predictions"] = {"time left": _span(ahead.seconds_left), "total fits": ahead.fits_expected}
    return stats


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _span(seconds: float) -> str:
    whole = max(int(seconds), 0)
    return f"{whole // 3600:d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
