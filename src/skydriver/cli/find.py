"""``skydriver find``: scans of a service by what is known of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.filters import checked_status, filter_of, joined, labelled
from skydriver.cli.output import complain, put, put_json
from skydriver.cli.service_options import DEFAULT_URL, UrlOption, client_of
from skydriver.cli.since import since as time_since
from skydriver.cli.table import table, utc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.client.documents import Manifest

HEADINGS: Final = ("SCAN", "SUBMITTED (UTC)", "STATUS", "DONE", "PRIORITY", "RUN", "EVENT", "RECO")
SHOWN: Final = (
    *("scan_id", "timestamp", "is_deleted", "priority", "event_metadata.run_id", "event_metadata.event_id"),
    *("skydriver.status", "skydriver.fraction", "skydriver.reco"),
)
"""What of manifests the table needs."""


def find(  # noqa: PLR0913 - one parameter for each option
    *,
    run: Annotated[int | None, typer.Option(help="Of the event.")] = None,
    event: Annotated[int | None, typer.Option(help="Its number in the run.")] = None,
    simulated: Annotated[bool | None, typer.Option("--simulated/--real", help="Of the event [default: both].")] = None,
    status: Annotated[
        list[str] | None, typer.Option(metavar="STATUS", help="Such as done or running; as often as you like.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Who submitted it.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Submitted since 2026-03-01, 2026-03-01T12:30 (UTC) or 2d ago.")
    ] = None,
    classifier: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label; each that is named must be there.")
    ] = None,
    condition: Annotated[
        str | None, typer.Option("--filter", metavar="JSON", help="Any filter of POST /scans/find; it must hold, too.")
    ] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="Those that were aborted or deleted, too.")] = False,
    sort: Annotated[
        str, typer.Option(metavar="FIELD", help="Of the manifest; with - before it the other way round.")
    ] = "-timestamp",
    limit: Annotated[int, typer.Option(min=1, help="Show so many at most.")] = 100,
    only_ids: Annotated[bool, typer.Option("--ids", help="Print the ids alone, one in each line.")] = False,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Find scans: by their event, status, owner, age, labels, or any other field of their manifests."""
    conditions: list[dict[str, Any]] = [
        {"event_metadata.run_id": run},
        {"event_metadata.event_id": event},
        {"event_metadata.is_real_event": None if simulated is None else not simulated},
        {"skydriver.status": None if not status else {"$in": [checked_status(name) for name in status]}},
        {"skydriver.owner": owner},
        {"timestamp": None if since is None else {"$gte": time_since(since, time.time())}},
        *({f"classifiers.{key}": value} for key, value in map(labelled, classifier or [])),
    ]
    given = [one for one in conditions if None not in one.values()]
    if condition is not None:
        given.append(filter_of(condition))
    projection = None if as_json else list(SHOWN)
    with client_of(url) as client:
        options = {"include_deleted": deleted, "sort": sort, "manifest_projection": projection}
        found = list(client.search_all(joined(given), limit + 1, **options))
    if len(found) > limit:
        complain(f"there are more than {limit}: --limit shows more of them")
    show(found[:limit], only_ids=only_ids, as_json=as_json)


def show(found: list[Manifest], *, only_ids: bool, as_json: bool) -> None:
    """Print scans."""
    if as_json:
        put_json({"manifests": found})
    elif only_ids:
        put(manifest["scan_id"] for manifest in found)
    else:
        put(table(HEADINGS, list(map(list, map(_cells, found)))))


def _cells(manifest: Manifest) -> Iterator[object]:
    facts, metadata = manifest["skydriver"], manifest.get("event_metadata") or {}
    yield manifest["scan_id"]
    yield utc(manifest["timestamp"])
    yield facts["status"] + (", deleted" if manifest["is_deleted"] else "")
    yield f"{100.0 * (facts.get('fraction') or 0.0):.0f}%"
    yield manifest["priority"]
    yield metadata.get("run_id")
    yield metadata.get("event_id")
    yield facts["reco"]
