"""The options and arguments of commands that speak with a service, alike for all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from skydriver.client.client import ServiceClient

DEFAULT_URL = "http://127.0.0.1:8423"

UrlOption = Annotated[str, typer.Option(metavar="URL", envvar="SKYDRIVER_URL", help="Of the service.")]
ScanArgument = Annotated[str, typer.Argument(metavar="ID", help="Of a scan, as submit prints it.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder for the products [default: none are written].")]
DataOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Folder of everything that is kept [default: SKYDRIVER_DATA, or the user's]."),
]


def client_of(url: str, patience_s: float = 3.0) -> ServiceClient:
    """A client that says once when the service does not answer and it goes on trying, and once when it answers again.

    Parameters
    ----------
    url
        Of the service.
    patience_s
        For how long it goes on trying.
    """
    from skydriver.cli.output import complain
    from skydriver.client.client import ServiceClient
    from skydriver.client.outages import Patience

    def tell(error: Exception | None) -> None:
        if patience_s > QUIET_S:
            complain("the service answers again" if error is None else f"{error}; trying again for {patience_s:.0f} s")

    return ServiceClient(url, Patience(patience_s, tell))


def current(client: ServiceClient, scan_id: str) -> str:
    """The id of the scan that is answered for this one; where it was replaced, that is said."""
    from skydriver.cli.output import complain

    found = client.current(scan_id)
    if found != scan_id:
        complain(f"scan {scan_id} was replaced by {found}")
    return found


QUIET_S = 10.0
"""Of a shorter patience nobody is told: the error comes soon enough."""
