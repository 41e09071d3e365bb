"""The use case behind POST /scan: a request becomes one stored scan, however often it is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from skydriver.clusters.images import Catalogue
from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import events, submissions
from skydriver.errors import SettingError, StateError
from skydriver.services import tokens
from skydriver.services.coordination.backlog import rank
from skydriver.services.coordination.states import Status
from skydriver.services.coordination.turn import take_turn
from skydriver.services.cost_estimate import Estimate, estimate
from skydriver.services.ids import new_scan_id
from skydriver.services.json_values import told
from skydriver.services.pools.asked import add_pool
from skydriver.services.scan_request_model import only_shown, read_order, request_hash
from skydriver.services.submitted_event import read_submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skydriver.db.database import Connection
    from skydriver.db.stores.events import NewEvent
    from skydriver.db.stores.submissions import Known
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn
    from skydriver.services.scan_request_model import ScanOrder
    from skydriver.services.submitted_event import SubmittedEvent

KEY = "Idempotency-Key"
MAX_KEY = 200
SCAN_TOKEN_S = 30 * 86_400.0
"""An external scanner's token is good for so long: it cannot renew it, and its scan may wait for a place in a queue."""
NO_REPEAT_OF = frozenset({Status.ABORTED, Status.FAILED})
"""A scan that ended so, or is to, is no answer to somebody who asks for the same again."""


class Submitted(NamedTuple):
    """What became of a request."""

    scan_id: str
    generation: int
    """Of the API: 2023 or 2025."""
    created: bool
    """Whether the scan is new; else the request repeats an earlier one."""
    token: str | None
    """With which an external scanner writes this scan; None of scans that the service does."""


class Asked(NamedTuple):
    """Who asks for what."""

    owner: str
    key: str | None
    order: ScanOrder
    request: dict[str, object]
    hash: str
    """Equal of requests that ask for the same."""


def submit(
    service: Service, arguments: Mapping[str, object], owner: str, idempotency_key: str | None = None
) -> Submitted:
    """Store a scan, or find the one that an equal request made before.

    Raises
    ------
    InputError
        If an argument or the event is at fault; nothing is stored.
    ImpossibleError
        If the image is of no use here.
    StateError
        If the idempotency key came before with another request.
    UnavailableError
        If the database is away; nothing is stored.
    """
    key = checked_key(idempotency_key)
    order, submitted = _read(service, arguments)
    request = order.request(submitted.event.content_hash)
    asked = Asked(owner, key, order, request, request_hash(order.generation, request))
    return store_once(service, asked, submitted)


def store_once(
    service: Service,
    asked: Asked,
    submitted: SubmittedEvent,
    also: Callable[[Turn, str], None] = lambda _turn, _scan_id: None,
) -> Submitted:
    """Store a scan and do something else with its id in the same transaction, or find the scan that was stored before.

    Errors are the last two of `submit`.
    """
    event = submitted.to_store()
    with take_turn(service, CommitPoint.SUBMIT) as turn:
        window = service.settings.repeat_window_s
        between = (turn.now - window, turn.now + window)  # not of a day that the clock was set back by
        known = _find(turn.connection, asked, between)
        scan_id = new_scan_id(turn.now) if known is None else known.id
        if known is None:
            _add(turn, scan_id, asked, event)
            also(turn, scan_id)
    if known is None:
        service.scans.ring()
    token = tokens.mint(service, "scan", scan_id, SCAN_TOKEN_S) if asked.order.is_external else None
    return Submitted(scan_id, asked.order.generation, known is None, token)


def dry_run(service: Service, arguments: Mapping[str, object]) -> dict[str, object]:
    """Check a request as `submit` does, store nothing, and say what it would be.

    Returns
    -------
    dict
        ``dry_run`` (true), ``n_pixels``, ``pixels`` by nside, ``cpu_seconds`` (None if unknown), ``cpu_seconds_from``
        (a sentence), ``event``, ``engine``, ``request`` as it would be stored, ``only_shown`` (names of its arguments
        that local workers do not heed).
    """
    order, submitted = _read(service, arguments)
    event, progression = submitted.event, order.progression
    request = order.request(event.content_hash)
    if order.is_external:
        cost = Estimate(None, "an external scanner does it")
    else:
        with service.database.reading() as connection:
            cost = estimate(connection, order.reco, progression, event.content_hash, submitted.n_dom)
    return {
        "dry_run": True,
        "n_pixels": progression.n_pixels,
        "pixels": {str(nside): n for nside, n in zip(progression.nsides, progression.stage_pixels, strict=True)},
        "cpu_seconds": cost.cpu_seconds,
        "cpu_seconds_from": cost.source,
        "event": {
            "run_id": event.header.run_id,
            "event_id": event.header.event_id,
            "mjd": event.header.mjd,
            "is_real_event": event.is_real,
            "n_dom": submitted.n_dom,
        },
        "engine": order.image.engine,
        "request": request,
        "only_shown": only_shown(request),
    }


def _read(service: Service, arguments: Mapping[str, object]) -> tuple[ScanOrder, SubmittedEvent]:
    order = read_order(arguments, Catalogue(service.settings.image_roots), service.clusters)
    return order, read_submitted(service, arguments, order)


def checked_key(key: str | None) -> str | None:
    """An idempotency key that can be kept; a `SettingError` where it cannot."""
    if key is not None and not (1 <= len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise SettingError(KEY, f"{told(key)} is not 1 to {MAX_KEY} printable ASCII characters")
    return key


def _find(connection: Connection, asked: Asked, between: tuple[float, float]) -> Known | None:
    """The scan that an equal request made, with nobody else looking for it at the same moment."""
    names = [f"request {asked.owner} {asked.hash}"]
    if asked.key is not None:
        names.append(f"key {asked.owner} {asked.key}")
    submissions.take_turns(connection, names)
    if asked.key is None:
        if asked.order.force_new:
            return None
        return submissions.find_recent(connection, asked.owner, asked.hash, between, NO_REPEAT_OF)
    known = submissions.find_by_key(connection, asked.owner, asked.key)
    if known is not None and known.request_hash != asked.hash:
        raise StateError(f"{KEY}: {told(asked.key)} came before with another request, which is scan {known.id}")
    return known


def _add(turn: Turn, scan_id: str, asked: Asked, event: NewEvent) -> None:
    """Store a new scan."""
    events.put(turn.connection, event, turn.now)
    row = _row(scan_id, asked, event, turn.now)
    row["rank"] = rank(turn.now, asked.order.priority, turn.service.settings.ageing_s)
    submissions.add(turn.connection, row)
    for number, place in enumerate(asked.order.places.elsewhere):
        add_pool(turn, scan_id, number, place, asked.order.worker_memory_bytes)
    turn.announce(scan_id, "state", status=row["status"], code=None, reason=None)


def _row(scan_id: str, asked: Asked, event: NewEvent, now: float) -> dict[str, object]:
    """A new scan as it is stored."""
    order = asked.order
    external = order.is_external
    return {
        "id": scan_id,
        "status": Status.PREPARING if external else Status.QUEUED,
        "target": Status.DONE,
        "engine": order.image.engine,
        "owner": asked.owner,
        "priority": order.priority,
        "generation": order.generation,
        "created": now,
        "updated": now,
        "launched": now if external else None,
        "event": event.id,
        "run_id": event.run_id,
        "event_id": event.event_id,
        "is_real": order.is_real,
        **({} if external else _told(event, is_real=order.is_real)),
        "is_deleted": False,
        "request": json.dumps(asked.request),
        "request_hash": asked.hash,
        "idempotency_key": asked.key,
        "clusters": json.dumps(order.cluster_list()),
        "n_workers": order.places.n_workers,
        "n_local": order.places.n_local,
        "reco": order.reco,
        "nsides": str(order.progression),
        "threshold": order.threshold,
        "max_reco_time_s": order.max_reco_time_s,
        "fits_done": 0,
        "fits_failed": 0,
        "cpu_seconds": 0.0,
        "n_stopped": 0,
        "n_lost": 0,
        "fraction": 0.0,
        "condor_clusters": "[]",
        "is_served": False,
    }


def _told(event: NewEvent, *, is_real: bool) -> dict[str, object]:
    """What manifests say of the event of our own scans; external scanners say it themselves."""
    told = {
        "run_id": event.run_id,
        "event_id": event.event_id,
        "event_type": "",
        "mjd": event.mjd,
        "is_real_event": is_real,
    }
    return {"event_metadata": json.dumps(told), "told_run_id": event.run_id, "told_event_id": event.event_id}
