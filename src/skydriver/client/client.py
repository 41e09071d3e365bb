"""A client of the routes of 2023, and of a scan's status."""

from __future__ import annotations

import ipaddress
import uuid
from typing import TYPE_CHECKING, Any, Final, Self, cast
from urllib.parse import quote

import httpx

from skydriver.client.events import events
from skydriver.client.outages import Patience, no_answer
from skydriver.client.refusals import error_of
from skydriver.errors import SettingError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from skydriver.client.documents import Found, Manifest, Result, Status
    from skydriver.client.events import Event

TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
"""Seconds; a service that is asked for a large map may take a while."""


class ServiceClient:
    """Speaks with one service. Every request is repeated while the service does not answer: none of them harms twice.

    Parameters
    ----------
    url
        Of the service, such as ``http://127.0.0.1:8423``.
    patience
        For how long requests are repeated.
    transport
        What carries the requests; for tests.

    Raises
    ------
    SettingError
        Naming ``url``, where it is none.
    """

    def __init__(
        self, url: str, patience: Patience | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = checked_url(url)
        self._patience = Patience() if patience is None else patience
        # A proxy of the environment knows nothing of this machine's own addresses.
        self._http = httpx.Client(
            base_url=self.url, timeout=TIMEOUT, transport=transport, trust_env=not is_loopback(self.url)
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def submit(self, arguments: Mapping[str, Any], key: str | None = None) -> Manifest:
        """Launch a scan; its manifest.

        Parameters
        ----------
        arguments
            Of ``POST /scan``.
        key
            The same key and arguments are the same scan; None: this call is a new one, also where it is repeated.
        """
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return cast("Manifest", self._ask("POST", "/scan", json=dict(arguments), headers=headers))

    def manifest(self, scan_id: str, *, include_deleted: bool = False) -> Manifest:
        """A scan and how far it is."""
        answer = self._ask("GET", f"/scan/manifest/{_part(scan_id)}", params={"include_deleted": include_deleted})
        return cast("Manifest", answer)

    def abort(self, scan_id: str) -> Manifest:
        """Stop a scan and mark it as deleted; its manifest."""
        return cast("Manifest", self._ask("DELETE", f"/scan/manifest/{_part(scan_id)}"))

    def result(self, scan_id: str, *, include_deleted: bool = False) -> Result:
        """The map of a scan, also while it is not final; an `UnknownError` while there is none."""
        answer = self._ask("GET", f"/scan/result/{_part(scan_id)}", params={"include_deleted": include_deleted})
        return cast("Result", answer)

    def delete_result(self, scan_id: str) -> Result:
        """Mark the map of a scan as deleted; the map."""
        return cast("Result", self._ask("DELETE", f"/scan/result/{_part(scan_id)}"))

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
        return cast("Status", self._ask("GET", f"/scan/{_part(scan_id)}/status"))

    def events(self, scan_id: str | None = None, last_id: str | None = None) -> Iterator[Event]:
        """What becomes of a scan, or of all, as it happens (see `skydriver.client.events.events`)."""
        path = "/events" if scan_id is None else f"/scan/{_part(scan_id)}/events"
        return events(self._http, path, last_id, self._patience)

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """The answer to a request, repeated while the service does not answer."""
        while True:
            try:
                answer = self._ask_once(method, path, **content)
            except UnavailableError as error:
                self._patience.wait_after(error)
            else:
                self._patience.answered()
                return answer

    def _ask_once(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        try:
            answer = self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise no_answer(self.url, error) from error
        if answer.status_code >= 400:
            raise error_of(answer)
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise SettingError("url", f"what answers at {self.url} is no SkyDriver service")
        return document


def checked_url(url: str) -> str:
    """The address without a stroke at its end; a `SettingError` where it is none."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise SettingError("url", f"{url[:80]!r} is no address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise SettingError("url", f"{url[:80]!r} is no address such as http://127.0.0.1:8423")
    return url.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether an address is one of this machine alone."""
    host = httpx.URL(url).host
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _part(scan_id: str) -> str:
    """A scan's id as part of a path; none that is not one reaches another route."""
    if not scan_id.replace("_", "a").isalnum():
        raise SettingError("scan_id", f"{scan_id[:80]!r} is no id of a scan")
    return quote(scan_id, safe="")
