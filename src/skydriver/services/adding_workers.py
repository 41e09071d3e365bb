"""Giving a scan that goes on more workers."""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Final

import orjson

from skydriver.db.commit_points import CommitPoint
from skydriver.db.stores import additions, documents, scan_log, scans
from skydriver.errors import SettingError, StateError
from skydriver.services.body_arguments import Given
from skydriver.services.coordination.turn import take_turn
from skydriver.services.json_values import told
from skydriver.services.pools.asked import add_jobs
from skydriver.services.preparation import MAX_WORKERS
from skydriver.services.requested_clusters import MAX_JOBS, Cluster, parse_clusters, place
from skydriver.services.scan_facts import EXTERNAL, has_ended, known
from skydriver.services.submission import KEY, checked_key
from skydriver.services.workforce import workforce

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.db.stores.additions import Addition
    from skydriver.db.stores.scans import Scan
    from skydriver.services.context import Service
    from skydriver.services.coordination.turn import Turn

ROUTE: Final = "POST /scan/ID/actions/add-workers"
KNOWN: Final = ("n_workers", "cluster_location", "force_new", "no_redirect")
CLUSTER: Final = "cluster_location"


def add_workers(
    service: Service, scan_id: str, arguments: Mapping[str, object], owner: str, idempotency_key: str | None = None
) -> bytes:
    """Let more workers fit a scan at once; who works on it, and how many may.

    It happens once: the same key, or an equal request without one within the repeat window, adds no more.

    Parameters
    ----------
    service, scan_id
        Of which scan.
    arguments
        ``n_workers`` (from 1), ``cluster_location`` (a cluster's name, or its ``{collector, schedd}``), and optionally
        ``force_new``.
    owner, idempotency_key
        Who asks, and what makes it safe to ask again.

    Returns
    -------
    bytes
        The workforce (`skydriver.services.workforce`), and ``skydriver: {n_workers}``, how many may fit it at once.

    Raises
    ------
    SettingError
        Naming an argument.
    UnknownError
        If there is no such scan.
    StateError
        If it has ended, or is an external scanner's; or the key came before with another request.
    """
    given = Given(arguments, KNOWN, ROUTE)
    n_workers, force_new = given.count("n_workers", MAX_JOBS), given.flag("force_new")
    given.flag("no_redirect")
    key = checked_key(idempotency_key)
    cluster = _cluster(given.required(CLUSTER), n_workers)
    asked = additions.Addition(scan_id, _name(owner, key), cluster.title, n_workers)
    with take_turn(service, CommitPoint.ADD_WORKERS) as turn:
        scan = known(scans.lock(turn.connection, scan_id), scan_id)
        if not _is_repeat(turn, asked, key, force_new=force_new):
            _add(turn, scan, asked, cluster)
    service.work.ring()
    return _document(service, scan_id)


def _document(service: Service, scan_id: str) -> bytes:
    with service.database.reading() as connection:
        scan = known(documents.scan(connection, scan_id), scan_id)
        at_work = workforce(connection, scan)
    return orjson.dumps(at_work | {"skydriver": {"n_workers": scan.n_workers}})


def _name(owner: str, key: str | None) -> str:
    """Under which a request is kept: its key's if it has one, else one of its own."""
    if key is None:
        return f"{additions.WITHOUT_KEY}{secrets.token_hex(16)}"
    return hashlib.sha256(f"{owner} {key}".encode()).hexdigest()


def _cluster(value: object, n_workers: int) -> Cluster:
    """The cluster that is meant."""
    if isinstance(value, str):
        return parse_clusters(CLUSTER, {value: n_workers})[0]
    if isinstance(value, dict) and value.keys() == {"collector", "schedd"}:
        return parse_clusters(CLUSTER, value | {"njobs": n_workers})[0]
    raise SettingError(CLUSTER, f"is {told(value)}, neither the name of a cluster nor its collector and schedd")


def _is_repeat(turn: Turn, asked: Addition, key: str | None, *, force_new: bool) -> bool:
    """Whether this was done before; a `StateError` where its key came with something else."""
    window = turn.service.settings.repeat_window_s
    if key is None:
        between = (turn.now - window, turn.now + window)
        return not force_new and additions.has_recent(turn.connection, asked, between)
    before = additions.get(turn.connection, asked.scan, asked.key)
    if before is not None and before != asked:
        raise StateError(f"{KEY}: {told(key)} came before with another request")
    return before is not None


def _add(turn: Turn, scan: Scan, asked: Addition, cluster: Cluster) -> None:
    if scan.engine == EXTERNAL:
        raise StateError(f"scan_id: {scan.id} is of an external scanner, whose workers are not ours")
    if has_ended(scan):
        raise StateError(f"scan_id: {scan.id} is {scan.status}, and needs no more workers")
    memory_bytes = orjson.loads(scan.request)["worker_memory_bytes"]
    places = place(CLUSTER, (cluster,), turn.service.clusters, memory_bytes)
    n_workers = min(MAX_WORKERS, scan.n_workers + places.n_workers)
    n_local = min(MAX_WORKERS, scan.n_local + places.n_local)
    additions.add(turn.connection, turn.now, asked)
    scans.update(turn.connection, scan.id, n_workers=n_workers, n_local=n_local, updated=turn.now)
    for elsewhere in places.elsewhere:
        add_jobs(turn, scan, elsewhere, memory_bytes)
    line = f"{asked.n_workers} workers more of {asked.cluster}: {n_workers} may fit it at once"
    scan_log.add(turn.connection, turn.now, scan.id, "service", [line])
    turn.announce(scan.id, "workers", n_workers=n_workers)
