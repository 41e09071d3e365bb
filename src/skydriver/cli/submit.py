"""``skydriver submit``: a scan by a service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.cores import cores
from skydriver.cli.event import EventArgument, JsonOption
from skydriver.cli.output import complain, put, put_json
from skydriver.cli.service_options import DEFAULT_URL, OutOption, UrlOption, client_of

if TYPE_CHECKING:
    from skydriver.client.client import ServiceClient

SUBMIT_PATIENCE_S = 5.0


def submit(  # noqa: PLR0913 - one parameter for each option
    event: EventArgument,
    *,
    reco: Annotated[str, typer.Option(help="Reconstruction, as of the command scan.")] = "pandel_mpe",
    nsides: Annotated[str, typer.Option(help="Progression, as of the command scan.")] = "8:0,64:12,512:24",
    workers: Annotated[
        int | None, typer.Option(help="The service's own workers that may fit it [default: one for each core].")
    ] = None,
    priority: Annotated[int, typer.Option(help="Scans of higher priority go first.")] = 0,
    simulated: Annotated[
        bool | None, typer.Option("--simulated/--real", help="Of the event [default: what it says itself].")
    ] = None,
    max_reco_time: Annotated[
        int | None, typer.Option(help="Limit on one fit's CPU time in seconds [default: the reconstruction's].")
    ] = None,
    predictive_scanning_threshold: Annotated[
        float, typer.Option(help="Fraction of a stage, 0.1 to 1, from which idle workers begin the next.")
    ] = 1.0,
    tag: Annotated[str, typer.Option(help="Which software scans: a tag of the service's catalogue.")] = "latest",
    key: Annotated[
        str | None,
        typer.Option(help="The same key and options are the same scan [default: a new key, and a new scan]."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it to its end, and print the answer.")] = False,
    out: OutOption = None,
    url: UrlOption = DEFAULT_URL,
    as_json: JsonOption = False,
) -> None:
    """Hand an event to a service, which scans it; prints the id of the scan."""
    arguments = arguments_of(event, simulated=simulated) | {
        "docker_tag": tag,
        "reco_algo": reco,
        "nsides": nsides_of(nsides),
        "cluster": local_cluster(workers),
        "predictive_scanning_threshold": predictive_scanning_threshold,
        "priority": priority,
    }
    if max_reco_time is not None:
        arguments["max_reco_time"] = max_reco_time
    with client_of(url, SUBMIT_PATIENCE_S) as client:
        scan_id = submitted(client, arguments, key)
    if wait or out is not None:
        _wait(scan_id, out, url, as_json=as_json)
    elif as_json:
        put_json({"scan_id": scan_id})
    else:
        put([scan_id])


def submitted(client: ServiceClient, arguments: dict[str, Any], key: str | None = None) -> str:
    """The id of a scan that a service has stored."""
    from skydriver.errors import SettingError

    scan_id = client.submit(arguments, key).get("scan_id")
    if not isinstance(scan_id, str):
        raise SettingError("url", f"what answers at {client.url} is no SkyDriver service")
    return scan_id


def arguments_of(name: str, *, simulated: bool | None) -> dict[str, Any]:
    """The event in the file `name`, or the bundled one, and whether it is real, as arguments of ``POST /scan``.

    Raises
    ------
    InputError
        If it is no event.
    """
    from skydriver.events.realtime import read_event
    from skydriver.services.event_summary import event_source

    source = event_source(name)
    is_real = read_event(source).is_real if simulated is None else not simulated
    return {
        "event_i3live_json": source.decode(errors="replace"),
        "real_or_simulated_event": "real" if is_real else "simulated",
    }


def nsides_of(text: str) -> dict[str, int]:
    """A progression as ``POST /scan`` takes it; a `SettingError` where it is none."""
    from skydriver.scan.progression import parse_nsides

    return {str(stage.nside): stage.extension for stage in parse_nsides(text).stages}


def local_cluster(workers: int | None) -> dict[str, Any]:
    """So many of the service's own workers."""
    return {"collector": "local", "schedd": "local", "njobs": cores() if workers is None else workers}


def _wait(scan_id: str, out: Path | None, url: str, *, as_json: bool) -> None:
    from skydriver.cli.watching import PATIENCE_S, end_with, watch_to_end

    complain(f"scan {scan_id}")
    with client_of(url, PATIENCE_S) as client:
        end_with(watch_to_end(client, scan_id, out, as_json=as_json))
