"""Following a scan of a service to its end, and what is said and written then."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import typer

from skydriver.cli.output import complain, put, put_json
from skydriver.cli.progress import best_words, display
from skydriver.cli.scan_text import lines
from skydriver.errors import UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skydriver.cli.progress import Words
    from skydriver.client.client import ServiceClient
    from skydriver.client.documents import Manifest, ScanFacts, Status, StatusFacts
    from skydriver.client.events import Event

PAUSE_S: Final = 0.2
"""Between two looks at a scan."""
PATIENCE_S: Final = 600.0
"""A service that is watched may be away for so long."""
ENDED: Final = frozenset({"done", "aborted", "failed"})
WAITING: Final = {
    "queued": "it waits for its turn",
    "preparing": "its event is prepared",
    "starting": "it waits for workers",
    "finishing": "its map is made",
}
"""What is said of a scan in which nothing is fitted."""
TOLD_AS: Final = {"fraction": "progress", "seconds_left": "eta"}
"""Names of the facts in events, and in a status."""
KNOWN: Final = {
    "state": ("status", "code", "reason"),
    "progress": ("progress", "eta", "pixels_done", "pixels_total", "fits_done", "best"),
}
"""What is read of each kind of event."""
NO_BEST_FIT, FAILED, ABORTED = 4, 6, 7


def follow(client: ServiceClient, scan_id: str) -> StatusFacts:
    """Show how far a scan is until it ends; what it ended as."""
    facts: StatusFacts = {}
    with display(WAITING["queued"]) as show:
        with suppress(UnknownError):  # a service of an earlier release tells no events: it is asked, over and over
            for event in client.events(scan_id):
                facts = heard(facts, event)
                if facts["status"] in ENDED:
                    break
                show(fraction_of(facts), partial(words, facts))
        while (latest := facts_of(client.status(scan_id)))["status"] not in ENDED:
            if latest != facts:
                facts = latest
                show(fraction_of(facts), partial(words, facts))
            time.sleep(PAUSE_S)
        show(1.0 if latest["status"] == "done" else fraction_of(latest), partial(words, latest))
    return latest


def heard(facts: StatusFacts, event: Event) -> StatusFacts:
    """How far a scan is, when an event was told that was not known before."""
    if event.kind == "snapshot":
        return cast("StatusFacts", event.data["skydriver"])
    new = {TOLD_AS.get(name, name): value for name, value in event.data.items()}
    known = KNOWN.get(event.kind, ())
    return cast("StatusFacts", {**facts, **{name: new[name] for name in known if name in new}})


def watch_to_end(client: ServiceClient, scan_id: str, out: Path | None, *, as_json: bool) -> int:
    """Follow a scan, say and write what came of it; the exit code.

    Ctrl-C ends the watching alone.
    """
    try:
        facts = follow(client, scan_id)
    except KeyboardInterrupt:
        complain(f"the scan goes on; to come back to it: skydriver watch {scan_id}")
        return 130
    return tell_end(client, scan_id, facts, out, as_json=as_json)


def tell_end(client: ServiceClient, scan_id: str, facts: StatusFacts, out: Path | None, *, as_json: bool) -> int:
    """Say and write what came of a scan that has ended; the exit code."""
    if facts["status"] == "failed":
        complain(f"the scan has failed ({facts.get('code')}): {facts.get('reason')}")
        return FAILED
    if facts["status"] == "aborted":
        complain(f"the scan was aborted: {facts.get('reason') or 'as was asked for'}")
        return ABORTED
    answer = answer_of(client, scan_id, out)
    tell(answer, as_json=as_json)
    return NO_BEST_FIT if answer.get("best_fit", True) is None else 0


def tell(answer: dict[str, Any], *, as_json: bool) -> None:
    """Print an answer."""
    if as_json:
        put_json(answer)
    else:
        put(lines(answer) if "best_fit" in answer else _map_lines(answer))


def answer_of(client: ServiceClient, scan_id: str, out: Path | None) -> dict[str, Any]:
    """What came of a scan, its cost, and the products, which are written if a folder is given."""
    manifest = client.manifest(scan_id, include_deleted=True)
    answer, files = manifest["skydriver"].get("answer"), []
    if out is not None:
        from skydriver.services.fetched import write_fetched

        result = client.result(scan_id, include_deleted=True)
        files = write_fetched(result["skyscan_result"], result["skydriver"], out)
        answer = result["skydriver"]["answer"]
    facts = {name: manifest["skydriver"][name] for name in ("status", "engine")}
    return {"scan_id": scan_id, **facts, **(answer or {}), **cost_of(manifest), "products": [str(f) for f in files]}


def cost_of(manifest: Manifest) -> dict[str, Any]:
    """What a scan took, from its submission to its end or until now."""
    facts: ScanFacts = manifest["skydriver"]
    ended = facts.get("ended") or time.time()
    return {
        "n_fits": facts["fits_done"],
        "fit_cpu_seconds": facts["cpu_seconds"],
        "wall_seconds": max(0.0, ended - facts["created"]),
    }


def _map_lines(answer: dict[str, Any]) -> Iterator[str]:
    """What is said of a map of which nothing is known yet, or ever."""
    external = answer["engine"] == "external"
    what = "the map of an external scanner, of which nothing is quoted" if external else "nothing is quoted yet"
    yield f"Scan {answer['scan_id']}: {answer['status']}, {what}"
    for path in answer["products"]:
        yield f"Product    {path}"


def facts_of(status: Status) -> StatusFacts:
    """What a status says for us."""
    return status["skydriver"]


def fraction_of(facts: StatusFacts) -> float:
    """The share that is done; a scan that goes on is not at its end."""
    return min(facts.get("progress") or 0.0, 0.999)


def words(facts: StatusFacts) -> Words:
    """How far a scan is."""
    waits = WAITING.get(facts["status"])
    if waits is not None:
        return {"pixels": waits, "best": "", "eta": ""}
    best, left = facts.get("best"), facts.get("eta")
    return {
        "pixels": _pixels(facts),
        "best": best_words(best["nside"], best["pixel"], best["llh"]) if best else "",
        "eta": f"{left:.0f} s left" if left is not None else "",
    }


def _pixels(facts: StatusFacts) -> str:
    done, total = facts.get("pixels_done"), facts.get("pixels_total")
    if done is not None and total is not None:
        return f"{done}/{total} pixels"
    return f"{facts.get('fits_done', 0)} fits, {100.0 * (facts.get('progress') or 0.0):.0f} %"


def end_with(code: int) -> None:
    """End the command with an exit code."""
    if code:
        raise typer.Exit(code)
