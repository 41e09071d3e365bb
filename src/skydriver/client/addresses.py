"""Addresses of services, and paths in them."""

from __future__ import annotations

import ipaddress
from urllib.parse import quote

import httpx

from skydriver.errors import SettingError


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


def part(scan_id: str) -> str:
    """A scan's id as part of a path; none that is not one reaches another route."""
    if not scan_id.replace("_", "a").isalnum():
        raise SettingError("scan_id", f"{scan_id[:80]!r} is no id of a scan")
    return quote(scan_id, safe="")
