"""The workers' own address: whether it is set as it must be, and answers by TLS as workers see it."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from skydriver.clusters.configured import VARIABLE
from skydriver.errors import SettingError, UnavailableError
from skydriver.services.own_certificate import FOLDER
from skydriver.services.worker_access import BIND, Place, bound_place
from skydriver.services.worker_tls import WorkerTls

if TYPE_CHECKING:
    from skydriver.clusters.configured import Clusters
    from skydriver.config import Settings

ADDRESS_CURE: Final = (
    "set SKYDRIVER_WORKER_BIND, _URL, _CERTIFICATE, _KEY and _CA as docs/operations.md says, and let the firewall and"
    " proxies pass its TCP on as it is"
)
ANSWER_S: Final = 5.0
ROUTE: Final = "/workers/token"
"""Without a token it is refused, in our own words."""


def look_at_address(settings: Settings, clusters: Clusters) -> str:
    """Where workers reach the service.

    Raises
    ------
    SettingError
        If it is not set as it must be.
    UnavailableError
        If the service runs, but is not reached by it.
    """
    place = bound_place(settings)
    if place is None:
        if clusters.any:
            raise SettingError(BIND, f"it is needed, for {VARIABLE} names clusters, whose workers come from elsewhere")
        return "none: workers are this machine's alone"
    WorkerTls(settings, clusters.worker_urls)  # it reads certificate and key
    if place.port == 0:
        return f"a free port of {place.host}, which only the service knows"
    urls = list(dict.fromkeys([settings.worker_url or place.url, *clusters.worker_urls]))
    if not _listens(place):
        return f"{', '.join(urls)}; no service listens there now"
    context = _context(settings)
    for url in urls:
        _reach(url, context)
    return f"{', '.join(urls)}: reached by TLS"


def _listens(place: Place) -> bool:
    """Whether anything has the port, on this machine."""
    host = place.host
    if place.is_everywhere:
        host = "::1" if ":" in host else "127.0.0.1"
    try:
        socket.create_connection((host, place.port), timeout=ANSWER_S).close()
    except OSError:
        return False
    return True


def _context(settings: Settings) -> ssl.SSLContext:
    """Trusts what workers trust."""
    if settings.worker_ca is not None:
        return ssl.create_default_context(cafile=settings.worker_ca)
    if settings.worker_certificate is not None:
        return ssl.create_default_context()
    own = settings.data / FOLDER / "ca.pem"
    try:
        return ssl.create_default_context(cafile=own)
    except OSError as error:
        raise UnavailableError(f"something listens there, but {own} cannot be read: {error.strerror}") from error


def _reach(url: str, context: ssl.SSLContext) -> None:
    """Ask as a worker does, and expect what only a service of ours answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPSConnection(parts.hostname or "", parts.port or 443, timeout=ANSWER_S, context=context)
    try:
        connection.request("POST", ROUTE, body=b"{}")
        answer = connection.getresponse()
        said = json.loads(answer.read(10_000))
    except ssl.SSLCertVerificationError as error:
        raise UnavailableError(f"{url} shows a certificate that workers do not take: {error.verify_message}") from error
    except OSError as error:
        raise UnavailableError(f"{url} is not reached from here: {error.strerror or error}") from error
    except (http.client.HTTPException, ValueError) as error:
        raise UnavailableError(f"what answers at {url} is no SkyDriver service") from error
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.UNAUTHORIZED or "error" not in said:
        raise UnavailableError(f"what answers at {url} is no SkyDriver service (it says {answer.status})")
