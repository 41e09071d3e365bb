"""From a scan's rows to its request, its event, its ledger and its map."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skydriver.db.stores import events, fits, scans
from skydriver.errors import UnavailableError
from skydriver.events.realtime import read_event
from skydriver.recos.machine import machine_type
from skydriver.scan.planner import Finished, FitKey, Ledger, Wanted
from skydriver.services.look import Look, look
from skydriver.services.preparation import ScanRequest, prepare
from skydriver.worker.numerics import machine_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skydriver.db.database import Connection
    from skydriver.events.cleaning import Cleaned
    from skydriver.events.event import Event
    from skydriver.services.context import Service


@dataclass(frozen=True, slots=True)
class State:
    """All that is known of a scan."""

    scan: scans.Scan
    event: Event
    cleaned: Cleaned
    request: ScanRequest
    ledger: Ledger
    unlucky: Mapping[str, int]
    """Fits that were stopped, or lost for good, by that word; only those that there are."""

    @property
    def finished(self) -> bool:
        """Whether any fit is."""
        return bool(self.scan.fits_done)

    @property
    def machine(self) -> str:
        """Instruction set of the fits: that of the workers, which may be elsewhere."""
        return machine_of(self.scan.numerics) if self.scan.numerics else machine_type()


def request_of(scan: scans.Scan) -> ScanRequest:
    """What was asked for, as reconstruction takes it."""
    return ScanRequest(
        reco=scan.reco,
        nsides=scan.nsides,
        predictive_scanning_threshold=scan.threshold,
        max_reco_time_s=scan.max_reco_time_s,
        workers=max(scan.n_workers, 1),
    )


def event_of(connection: Connection, scan: scans.Scan) -> bytes:
    """The event's JSON; an `UnavailableError` where it is gone, which only happens to a damaged database."""
    found = events.read(connection, scan.event)
    if found is None:
        raise UnavailableError(f"the event {scan.event} of scan {scan.id} is not in the database")
    return found


def read_state(service: Service, scan_id: str) -> State | None:
    """All that is known of a scan, as of one moment; None where there is no such scan, or it is not ours to fit."""
    with service.database.reading() as connection:
        scan = scans.get(connection, scan_id)
        if scan is None or scan.engine == "external":
            return None
        source = event_of(connection, scan)
        rows = fits.finished(connection, scan_id)
    event = read_event(source, is_real=scan.is_real)
    request = request_of(scan)
    ledger = Ledger(request.plan_settings(event.header.mjd))
    ledger.extend(finished_of(rows))
    return State(scan, event, prepare(event, request), request, ledger, unlucky_of(scan))


def look_at(state: State) -> Look:
    """What the scan's map says."""
    return look(state, state.event, state.cleaned)


def unlucky_of(scan: scans.Scan) -> dict[str, int]:
    """As a map's provenance takes it."""
    return {word: n for word, n in (("stopped", scan.n_stopped), ("lost", scan.n_lost)) if n}


def finished_of(rows: Iterable[fits.Fit]) -> list[Finished]:
    """Rows as the planner takes them."""
    keys = _Keys()
    return [_finished(row, keys) for row in rows]


def seeds_text(wanted: Wanted) -> str:
    """The fits that a fit starts from, as they are stored."""
    return ",".join(f"{nside}.{number}.{pixel}" for nside, number, pixel in wanted.seeds)


class _Keys(dict[str, FitKey]):
    """Keys of fits by how they are stored: many fits start from the same few."""

    def __missing__(self, text: str) -> FitKey:
        self[text] = key = FitKey(*map(int, text.split(".")))
        return key


def _finished(row: fits.Fit, keys: _Keys) -> Finished:
    nside, number, pixel, seeds, *numbers, cpu_seconds, error = row
    wanted = Wanted(nside, number, pixel, tuple([keys[text] for text in seeds.split(",")]) if seeds else ())
    llh, e_in, e_tot, x, y, z, t = [math.nan if value is None else value for value in numbers]
    return Finished(wanted, llh, e_in, e_tot, x, y, z, t, cpu_seconds, error)
