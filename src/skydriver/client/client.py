"""A client of a service's routes for users: those of 2023, and those of 2025."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import quote

from skydriver.client.addresses import part
from skydriver.client.connection import Connection
from skydriver.client.events import events

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skydriver.client.connection import File
    from skydriver.client.documents import (
        Backlog,
        Found,
        I3Event,
        LogPage,
        Manifest,
        ManifestsPage,
        ProductList,
        Result,
        ScanAndResult,
        StarterToken,
        Status,
        Workforce,
    )
    from skydriver.client.events import Event

PAGE: Final = 100
"""Manifests that are asked for at once."""


class ServiceClient(Connection):
    """Speaks with one service. Every request is repeated while the service does not answer: none of them harms twice.

    Errors are those of the service, with its own sentence: `InputError` for a wrong argument, `UnknownError` for what
    there is not, `StateError` for what does not go with the state of a scan, and so on.
    """

    def submit(self, arguments: Mapping[str, Any], key: str | None = None) -> Manifest:
        """Launch a scan; its manifest.

        Parameters
        ----------
        arguments
            Of ``POST /scan``.
        key
            The same key and arguments are the same scan; None: this call is a new one, also where it is repeated.
        """
        return cast("Manifest", self._ask("POST", "/scan", json=dict(arguments), headers=_keyed(key)))

    def manifest(self, scan_id: str, *, include_deleted: bool = False) -> Manifest:
        """A scan and how far it is, with its event: the manifest of 2023."""
        answer = self._ask("GET", f"/scan/manifest/{part(scan_id)}", params={"include_deleted": include_deleted})
        return cast("Manifest", answer)

    def abort(self, scan_id: str) -> Manifest:
        """Stop a scan and mark it as deleted; its manifest."""
        return cast("Manifest", self._ask("DELETE", f"/scan/manifest/{part(scan_id)}"))

    def result(self, scan_id: str, *, include_deleted: bool = False) -> Result:
        """The map of a scan, also while it is not final; an `UnknownError` while there is none."""
        answer = self._ask("GET", f"/scan/result/{part(scan_id)}", params={"include_deleted": include_deleted})
        return cast("Result", answer)

    def delete_result(self, scan_id: str) -> Result:
        """Mark the map of a scan as deleted; the map."""
        return cast("Result", self._ask("DELETE", f"/scan/result/{part(scan_id)}"))

    def find(self, run_id: int, event_id: int, *, is_real: bool, include_deleted: bool = False) -> Found:
        """The scans of an event."""
        params = {
            "run_id": run_id,
            "event_id": event_id,
            "is_real_event": is_real,
            "include_deleted": include_deleted,
        }
        return cast("Found", self._ask("GET", "/scans", params=params))

    def status(self, scan_id: str) -> Status:
        """How far a scan is, in short."""
        return cast("Status", self._ask("GET", f"/scan/{part(scan_id)}/status"))

    def events(self, scan_id: str | None = None, last_id: str | None = None) -> Iterator[Event]:
        """What becomes of a scan, or of all, as it happens (see `skydriver.client.events.events`)."""
        path = "/events" if scan_id is None else f"/scan/{part(scan_id)}/events"
        return events(self._http, path, last_id, self._patience)

    def search(self, condition: Mapping[str, Any], **options: Any) -> ManifestsPage:
        """Scans whose manifests a filter matches.

        Parameters
        ----------
        condition
            The ``filter`` of ``POST /scans/find``.
        options
            Its other arguments; those that are None are left out. Without ``limit`` all that there are are answered.
        """
        given = {name: value for name, value in options.items() if value is not None}
        return cast("ManifestsPage", self._ask("POST", "/scans/find", json={"filter": dict(condition), **given}))

    def search_all(self, condition: Mapping[str, Any], limit: int | None = None, **options: Any) -> Iterator[Manifest]:
        """The same, page after page, until there are no more or `limit` manifests."""
        cursor, left = None, limit
        while left is None or left > 0:
            page = self.search(condition, limit=PAGE if left is None else min(PAGE, left), cursor=cursor, **options)
            yield from page["manifests"]
            cursor = page.get("cursor")
            if cursor is None:
                return
            left = None if left is None else left - len(page["manifests"])

    def backlog(self) -> Backlog:
        """The scans that wait for their turn, in that order."""
        return cast("Backlog", self._ask("GET", "/scans/backlog"))

    def scan_request(self, scan_id: str) -> dict[str, Any]:
        """What was asked for; every name in it is one of an argument of ``POST /scan``."""
        return self._ask("GET", f"/scan-request/{part(scan_id)}")

    def scan(self, scan_id: str, *, include_deleted: bool = False) -> ScanAndResult:
        """A scan and its map."""
        answer = self._ask("GET", f"/scan/{part(scan_id)}", params={"include_deleted": include_deleted})
        return cast("ScanAndResult", answer)

    def delete(self, scan_id: str, *, delete_completed_scan: bool = False) -> ScanAndResult:
        """Stop a scan and mark it and its map as deleted; both. One that is complete has to be meant."""
        arguments = {"delete_completed_scan": delete_completed_scan}
        return cast("ScanAndResult", self._ask("DELETE", f"/scan/{part(scan_id)}", json=arguments))

    def projected(self, scan_id: str, names: Sequence[str] = (), *, include_deleted: bool = False) -> Manifest:
        """A scan and how far it is: of the manifest of 2025, the members that are named, or all but the event."""
        params: dict[str, Any] = {"include_deleted": include_deleted}
        if names:
            params["projection"] = "|".join(names)
        return cast("Manifest", self._ask("GET", f"/scan/{part(scan_id)}/manifest", params=params))

    def current(self, scan_id: str) -> str:
        """The id of the scan that is answered for this one: the last of those that replaced it, or itself."""
        return self.projected(scan_id, ["scan_id"], include_deleted=True)["scan_id"]

    def i3_event(self, scan_id: str) -> I3Event:
        """The event of a scan, as it was submitted."""
        return cast("I3Event", self._ask("GET", f"/scan/{part(scan_id)}/i3-event"))

    def logs(self, scan_id: str, *, after: int | None = None, limit: int | None = None) -> LogPage:
        """Lines of a scan's log, and after which the next ones come."""
        given = {"after": after, "limit": limit}
        params = {name: value for name, value in given.items() if value is not None}
        return cast("LogPage", self._ask("GET", f"/scan/{part(scan_id)}/logs", params=params))

    def products(self, scan_id: str, *, include_deleted: bool = False) -> ProductList:
        """Which products there are of a scan's map, and why not of the others."""
        answer = self._ask("GET", f"/scan/{part(scan_id)}/products", params={"include_deleted": include_deleted})
        return cast("ProductList", answer)

    def product(self, scan_id: str, name: str, *, include_deleted: bool = False, **options: Any) -> File:
        """One product, which is made if it has to be; a `StateError` says why there is none.

        Parameters
        ----------
        scan_id, name
            Of which scan, and which: how its file's name ends.
        include_deleted
            Whether to take that of a result which was deleted.
        options
            ``nested``, ``nside``, ``tense`` and ``event_name``; those that are None are left out.
        """
        given = {name: value for name, value in options.items() if value is not None}
        params = {"include_deleted": include_deleted, **given}
        return self._fetch(f"/scan/{part(scan_id)}/products/{quote(name, safe='')}", params=params)

    def workforce(self, scan_id: str) -> Workforce:
        """Who works on a scan."""
        return cast("Workforce", self._ask("GET", f"/scan/{part(scan_id)}/workforce"))

    def rescan(
        self, scan_id: str, *, abort_first: bool = False, replace_scan: bool = False, key: str | None = None
    ) -> Manifest:
        """Launch a scan as another one was launched; the manifest of the new one.

        Parameters
        ----------
        scan_id
            Of the other one.
        abort_first
            Whether to abort it.
        replace_scan
            Whether the new one is answered for it from then on.
        key
            As of `submit`.
        """
        path, arguments = _action(scan_id, "rescan"), {"abort_first": abort_first, "replace_scan": replace_scan}
        return cast("Manifest", self._ask("POST", path, json=arguments, headers=_keyed(key)))

    def add_workers(
        self, scan_id: str, n_workers: int, cluster_location: object = "local", key: str | None = None
    ) -> Workforce:
        """Let so many more workers of a cluster work on a scan; who works on it."""
        path = _action(scan_id, "add-workers")
        arguments = {"n_workers": n_workers, "cluster_location": cluster_location}
        return cast("Workforce", self._ask("POST", path, json=arguments, headers=_keyed(key)))

    def starter_token(self, pool: str, hours: float) -> StarterToken:
        """A token with which workers of a pool may be started by hand for so long, and where they reach the service."""
        return cast("StarterToken", self._ask("POST", "/tokens", json={"pool": pool, "hours": hours}))


def _action(scan_id: str, name: str) -> str:
    return f"/scan/{part(scan_id)}/actions/{name}"


def _keyed(key: str | None) -> dict[str, str]:
    """Headers by which a request, however often it is sent, is one."""
    return {"Idempotency-Key": key or uuid.uuid4().hex}
