"""Requests to one service, each repeated while it does not answer."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import httpx

from skydriver.client.addresses import checked_url, is_loopback
from skydriver.client.outages import Patience, no_answer
from skydriver.client.refusals import error_of
from skydriver.errors import SettingError, UnavailableError

if TYPE_CHECKING:
    from types import TracebackType

TIMEOUT: Final = httpx.Timeout(60.0, connect=5.0)
"""Seconds; a service that is asked for a large map may take a while."""

_NAME: Final = re.compile(r'filename="([0-9A-Za-z_][0-9A-Za-z_.-]{0,199})"', re.ASCII)
"""A file's name in a header; none that leads elsewhere."""


class File(NamedTuple):
    """A file of a service's."""

    name: str
    content: bytes


class Connection:
    """Speaks with one service. A scan that was replaced by another leads there.

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
        self._http = httpx.Client(
            base_url=self.url,
            timeout=TIMEOUT,
            transport=transport,
            trust_env=not is_loopback(self.url),  # a proxy knows nothing of this machine's own addresses
            follow_redirects=True,
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

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        """The document that answers a request, which is repeated while the service does not answer."""
        answer = self._request(method, path, **content)
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise self._stranger()
        return document

    def _fetch(self, path: str, **content: Any) -> File:
        """The file that answers a request, which is repeated like any other."""
        answer = self._request("GET", path, **content)
        named = _NAME.search(answer.headers.get("content-disposition", ""))
        if named is None:
            raise self._stranger()
        return File(named[1], answer.content)

    def _request(self, method: str, path: str, **content: Any) -> httpx.Response:
        while True:
            try:
                answer = self._request_once(method, path, **content)
            except UnavailableError as error:
                self._patience.wait_after(error)
            else:
                self._patience.answered()
                return answer

    def _request_once(self, method: str, path: str, **content: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **content)
        except httpx.TransportError as error:
            raise no_answer(self.url, error) from error
        except httpx.TooManyRedirects as error:
            raise self._stranger() from error
        if answer.status_code >= 400:
            raise error_of(answer)
        return answer

    def _stranger(self) -> SettingError:
        return SettingError("url", f"what answers at {self.url} is no SkyDriver service")
