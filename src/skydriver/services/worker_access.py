"""The address at which workers elsewhere reach the service: what the settings say of it, checked before it is used."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import urlsplit

from skydriver.errors import SettingError

if TYPE_CHECKING:
    from skydriver.config import Settings

BIND: Final = "SKYDRIVER_WORKER_BIND"
URL: Final = "SKYDRIVER_WORKER_URL"
_PLACE: Final = re.compile(
    r"(\[(?P<six>[0-9A-Fa-f:.]+)\]|(?P<name>[0-9A-Za-z._-]{1,253})):(?P<port>[0-9]{1,5})", re.ASCII
)
_ONLY_WITH_BIND: Final = ("worker_url", "worker_certificate", "worker_key", "worker_ca")


@dataclass(frozen=True, slots=True)
class WorkerAddress:
    """Where workers elsewhere reach this service."""

    url: str
    """``https://HOST:PORT``."""
    ca: bytes | None
    """Certificate, PEM, by which they know it; None for those that their machines know."""


@dataclass(slots=True)
class WorkerAccess:
    """What is known of that address in this process."""

    address: WorkerAddress | None = None
    """Once it is listened on; None before, and where there is none."""


class Place(NamedTuple):
    """A host and a port."""

    host: str
    """Without brackets."""
    port: int

    @property
    def is_everywhere(self) -> bool:
        """Whether it stands for all addresses of the machine, and so is none that workers could use."""
        try:
            return ipaddress.ip_address(self.host).is_unspecified
        except ValueError:
            return False

    @property
    def url(self) -> str:
        """As workers use it."""
        return f"https://[{self.host}]:{self.port}" if ":" in self.host else f"https://{self.host}:{self.port}"


def bound_place(settings: Settings) -> Place | None:
    """Where to listen for workers; None where no such address is wanted.

    Raises
    ------
    SettingError
        Naming the variable that is malformed, or contradicts another.
    """
    if settings.worker_bind is None:
        for name in _ONLY_WITH_BIND:
            if getattr(settings, name) is not None:
                raise SettingError(f"SKYDRIVER_{name.upper()}", f"it is of no use without {BIND}")
        return None
    place = _place(settings.worker_bind)
    if place is None:
        raise SettingError(BIND, "it is no HOST:PORT, such as 192.0.2.1:8424")
    if settings.worker_url is None and place.is_everywhere:
        raise SettingError(URL, f"it is needed, for {BIND} names no host that workers could use")
    if settings.worker_url is not None:
        host_of(settings.worker_url, URL)
    return place


def host_of(url: str, name: str) -> str:
    """The host of a workers' address, without brackets.

    Parameters
    ----------
    url
        ``https://HOST:PORT``, or without a port.
    name
        Of the variable that says so.

    Raises
    ------
    SettingError
        Naming the variable, where the address is malformed.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingError(name, "it is no https://HOST:PORT") from None
    if parts.scheme != "https":
        raise SettingError(name, "it does not begin with https://: workers show their tokens there")
    place = _place(parts.netloc if port is not None else f"{parts.netloc}:443")
    if place is None or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise SettingError(name, "it is no https://HOST:PORT")
    if place.is_everywhere:
        raise SettingError(name, f"{place.host} is no host that workers could use")
    return place.host


def _place(text: str) -> Place | None:
    found = _PLACE.fullmatch(text)
    if found is None or int(found["port"]) > 65_535:
        return None
    if found["six"] is not None:
        try:
            ipaddress.IPv6Address(found["six"])
        except ValueError:
            return None
    return Place(found["six"] or found["name"], int(found["port"]))
