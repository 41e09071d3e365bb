"""The products of a service's scan, made there and written here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from skydriver.cli.service_options import client_of
from skydriver.errors import ImpossibleError, ResultError, SettingError, StateError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.client.client import ServiceClient
    from skydriver.client.connection import File
    from skydriver.client.documents import ProductList

OUT: Final = Path("out")
PATIENCE_S: Final = 300.0
"""Somebody else's products may come first."""
_ID: Final = re.compile(r"[0-9A-Za-z_]{1,40}", re.ASCII)


def is_scan(result: Path) -> bool:
    """Whether the id of a scan is meant: a file of that name goes first."""
    return _ID.fullmatch(str(result)) is not None and not result.exists()


def check_options(given: Mapping[str, object]) -> None:
    """A `SettingError` naming the first option that is given, and is for files alone."""
    for name, value in given.items():
        if value:
            raise SettingError(name, "it is for a map in a file; of a scan fetch that with skydriver get")


def fetch_products(
    url: str, scan_id: str, out: Path | None, only: tuple[str, ...] | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """Have products made and write them, when all of them are here.

    Parameters
    ----------
    url, scan_id
        Of which scan of which service.
    out
        Folder for the products; None: ``out``.
    only
        Endings of the products asked for; None: all that can be made.
    options
        As `ServiceClient.product` takes them.

    Returns
    -------
    dict
        The keys of ``skydriver products --json``, see ``docs/cli.md``.

    Raises
    ------
    InputError, RequestError
        As the service says; nothing is written then.
    ResultError
        If a product that was asked for by name cannot be made, or a file cannot be written.
    """
    from skydriver.services.products import folder_to_fill
    from skydriver.skymap.files import write_atomically

    folder = OUT if out is None else out
    with client_of(url) as client:
        listed = _listed(client, scan_id)
        scan_id = listed["scan_id"]  # that of the one which took its place, if one did
        about = client.manifest(scan_id, include_deleted=True).get("event_metadata") or {}
    reasons = {one["name"]: one["why_not"] for one in listed["products"]}
    wanted = _wanted(only, list(reasons))
    with folder_to_fill(folder), client_of(url, PATIENCE_S) as client:
        files, missing = _fetched(client, scan_id, {name: reasons[name] for name in wanted}, options)
        if only is not None and missing:
            raise ResultError("; ".join(f"{name}: {reason}" for name, reason in missing.items()))
        for file in files:
            write_atomically(folder / file.name, file.content)
    return {
        "scan_id": scan_id,
        "run_id": about.get("run_id"),
        "event_id": about.get("event_id"),
        "products": [str(folder / file.name) for file in files],
        "not_made": [{"product": name, "reason": reason} for name, reason in missing.items()],
    }


def _listed(client: ServiceClient, scan_id: str) -> ProductList:
    """Which products there are."""
    try:
        return client.products(scan_id, include_deleted=True)
    except UnavailableError as error:
        raise UnavailableError(f"there is no file {scan_id}, and it may be the id of a scan, but {error}") from error


def _wanted(only: tuple[str, ...] | None, names: list[str]) -> list[str]:
    """The names of the products asked for, in the service's order."""
    for name in only or ():
        if name not in names:
            raise SettingError("only", f"there is no product {name!r}, only {', '.join(names)}")
    return [name for name in names if only is None or name in only]


def _fetched(
    client: ServiceClient, scan_id: str, reasons: Mapping[str, str | None], options: Mapping[str, Any]
) -> tuple[list[File], dict[str, str]]:
    """The products, and why there are not all."""
    files, missing = [], {}
    for name, reason in reasons.items():
        if reason is not None:
            missing[name] = reason
            continue
        try:
            files.append(client.product(scan_id, name, include_deleted=True, **options))
        except (StateError, ImpossibleError) as error:
            missing[name] = str(error).removeprefix(f"{name}: ")
    return files, missing
