"""Following many scans of a service to their ends, and what is said and written of each."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from skydriver.cli.exits import exit_code
from skydriver.cli.output import complain, one_line, put
from skydriver.cli.progress import display
from skydriver.cli.watching import ABORTED, ENDED, FAILED, NO_BEST_FIT, answer_of
from skydriver.errors import SkyDriverError, UnknownError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skydriver.cli.many_events import Entry
    from skydriver.cli.progress import Words
    from skydriver.client.client import ServiceClient
    from skydriver.client.documents import ScanFacts

PAUSE_S: Final = 0.5
"""Between two looks at all scans."""
PAGE: Final = 100
"""Scans that are asked for at once."""
FIELDS: Final = ("scan_id", "skydriver.status", "skydriver.code", "skydriver.reason", "skydriver.fraction")


def watch_all(client: ServiceClient, entries: list[Entry], out: Path | None, *, quiet: bool) -> None:
    """Follow the scans of all entries to their ends, and note there what came of them.

    Parameters
    ----------
    client
        Of the service.
    entries
        Those that have a scan matter.
    out
        Folder in which each scan's products get a folder of the scan's name; None: none are written.
    quiet
        Whether nothing is printed of a scan when it ends.
    """
    left = {entry.scan_id: entry for entry in entries if entry.scan_id is not None}
    n_all = len(left)
    with display(f"0/{n_all} scans are over") as show:
        while left:
            found = _look(client, list(left))
            for scan_id in [one for one in left if found[one]["status"] in ENDED]:
                entry = left.pop(scan_id)
                _note_end(client, entry, found[scan_id], out)
                if not quiet and entry.answer:
                    put([_row(entry)])
            done = n_all - len(left)
            shares = sum(found[scan_id]["fraction"] for scan_id in left)
            show((done + shares) / n_all, partial(_words, done, n_all))
            if left:
                time.sleep(PAUSE_S)


def _look(client: ServiceClient, scan_ids: list[str]) -> dict[str, ScanFacts]:
    """How far scans are, by their ids; an `UnknownError` where the service has lost one."""
    found: dict[str, ScanFacts] = {}
    for first in range(0, len(scan_ids), PAGE):
        some = scan_ids[first : first + PAGE]
        page = client.search(
            {"scan_id": {"$in": some}}, include_deleted=True, manifest_projection=list(FIELDS), limit=len(some)
        )
        found |= {manifest["scan_id"]: manifest["skydriver"] for manifest in page["manifests"]}
    for scan_id in scan_ids:
        if scan_id not in found:
            raise UnknownError(f"scan_id: there is no scan {scan_id} any more")
    return found


def _note_end(client: ServiceClient, entry: Entry, facts: ScanFacts, out: Path | None) -> None:
    """What came of a scan that has ended; its products are written."""
    assert entry.scan_id is not None  # noqa: S101 - for the type checker: those without are left out before
    if facts["status"] == "done":
        try:
            entry.answer = answer_of(client, entry.scan_id, None if out is None else out / entry.scan_id)
        except SkyDriverError as error:  # of one scan; the others are not to suffer
            entry.error, entry.code = error, exit_code(error)
            complain(f"error: {one_line(entry.event)}: {one_line(str(error))}")
        else:
            entry.code = NO_BEST_FIT if entry.answer.get("best_fit", True) is None else 0
        return
    entry.code = FAILED if facts["status"] == "failed" else ABORTED
    entry.answer = {name: facts.get(name) for name in ("status", "code", "reason")}


def _row(entry: Entry) -> str:
    """The end of a scan in one line."""
    return "  ".join([entry.scan_id or "", *_what_came(entry.answer), entry.event])


def _what_came(answer: dict[str, Any]) -> Iterator[str]:
    yield f"{answer['status']:7}"
    if answer["status"] != "done":
        yield answer.get("reason") or "as was asked for"
        return
    best, posterior = answer.get("best_fit"), answer.get("posterior")
    if best is None:
        yield "no best fit"
        return
    yield f"RA {best['ra_deg']:8.4f}  Dec {best['dec_deg']:+8.4f}"
    if posterior is not None:
        yield f"90% {posterior['area90_deg2']:.2f} deg2"


def _words(done: int, n_all: int) -> Words:
    return {"pixels": f"{done}/{n_all} scans are over", "best": "", "eta": ""}
