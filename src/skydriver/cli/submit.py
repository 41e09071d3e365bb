"""``skydriver submit``: scans by a service."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.cores import cores
from skydriver.cli.event import JsonOption
from skydriver.cli.labels import label
from skydriver.cli.output import complain, put, put_json
from skydriver.cli.service_options import DEFAULT_URL, OutOption, UrlOption, client_of

if TYPE_CHECKING:
    from skydriver.cli.many_events import Entry
    from skydriver.client.client import ServiceClient

SUBMIT_PATIENCE_S = 5.0
LOCAL = "local"
"""The service's own machine, by the name that clusters have."""


def submit(  # noqa: PLR0913 - one parameter for each option
    events: Annotated[
        list[str],
        typer.Argument(metavar="EVENT", help="Realtime JSON files, patterns such as 'events/*.json', or 'example'."),
    ],
    *,
    reco: Annotated[str, typer.Option(help="Reconstruction, as of the command scan.")] = "pandel_mpe",
    nsides: Annotated[str, typer.Option(help="Progression, as of the command scan.")] = "8:0,64:12,512:24",
    workers: Annotated[
        int | None, typer.Option(help="The service's own workers that may fit it [default: one for each core].")
    ] = None,
    cluster: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=JOBS",
            help="So many workers on a cluster of the service's; as often as you like [default: none].",
        ),
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Of each job, such as 2GB [default: what the reconstruction needs]."),
    ] = None,
    priority: Annotated[int, typer.Option(help="Scans of higher priority go first.")] = 0,
    classifier: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A label to find it by; as often as you like.")
    ] = None,
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
    """Hand events to a service, which scans each; prints the ids of the scans."""
    from skydriver.cli.many_events import entries_of
    from skydriver.cli.watching import end_with

    options: dict[str, Any] = {
        "docker_tag": tag,
        "reco_algo": reco,
        "nsides": nsides_of(nsides),
        "cluster": wanted_clusters(workers, cluster or []),
        "predictive_scanning_threshold": predictive_scanning_threshold,
        "priority": priority,
    }
    if classifier:
        options["classifiers"] = dict(map(label, classifier))
    if max_reco_time is not None:
        options["max_reco_time"] = max_reco_time
    if memory is not None:
        options["memory"] = memory
    order = Order(options, simulated, key, url, out, waits=wait or out is not None, as_json=as_json)
    entries = entries_of(events)
    end_with(order.one(entries[0].event) if len(entries) == 1 else order.many(entries))


@dataclass(frozen=True)
class Order:
    """What is to be done with the events of one command."""

    options: dict[str, Any]
    """Arguments of ``POST /scan`` but for the event."""
    simulated: bool | None
    key: str | None
    url: str
    out: Path | None
    waits: bool
    as_json: bool

    def arguments(self, name: str) -> dict[str, Any]:
        """Those of ``POST /scan`` for the event in a file."""
        return arguments_of(name, simulated=self.simulated) | self.options

    def one(self, name: str) -> int:
        """Submit one event; the exit code."""
        from skydriver.cli.many_events import existing

        arguments = self.arguments(existing(name))
        with client_of(self.url, SUBMIT_PATIENCE_S) as client:
            scan_id = submitted(client, arguments, self.key)
        return tell_or_watch(scan_id, self.out, self.url, waits=self.waits, as_json=self.as_json)

    def many(self, entries: list[Entry]) -> int:
        """Submit events, each for itself; the exit code."""
        from skydriver.cli.many_events import code_of, submit_all

        with client_of(self.url, SUBMIT_PATIENCE_S) as client:
            submit_all(client, entries, self.arguments, self.key, self._tell)
        if self.waits and not self._watch_all(entries):
            return 130
        if self.as_json:
            put_json({"scans": [entry.to_json() for entry in entries]})
        return code_of(entries)

    def _tell(self, line: str) -> None:
        """A scan of many: where more is to come on standard output, only people are told."""
        if self.waits or self.as_json:
            complain(line)
        else:
            put([line])

    def _watch_all(self, entries: list[Entry]) -> bool:
        """Whether they were watched to their ends; Ctrl-C ends the watching alone."""
        try:
            from skydriver.cli.watching import PATIENCE_S
            from skydriver.cli.watching_many import watch_all

            with client_of(self.url, PATIENCE_S) as client:
                watch_all(client, entries, self.out, quiet=self.as_json)
        except KeyboardInterrupt:
            complain("the scans go on; skydriver watch follows each")
            return False
        return True


def tell_or_watch(scan_id: str, out: Path | None, url: str, *, waits: bool, as_json: bool) -> int:
    """Print the id of a new scan, or follow it to its end; the exit code."""
    from skydriver.cli.watching import PATIENCE_S, watch_to_end

    if waits:
        complain(f"scan {scan_id}")
        with client_of(url, PATIENCE_S) as client:
            return watch_to_end(client, scan_id, out, as_json=as_json)
    if as_json:
        put_json({"scan_id": scan_id})
    else:
        put([scan_id])
    return 0


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


def wanted_clusters(workers: int | None, texts: list[str]) -> object:
    """Where a scan is to be fitted: on the service's own machine unless `texts`, ``NAME=JOBS``, say otherwise.

    Raises
    ------
    SettingError
        Naming ``cluster``, where one is written otherwise.
    """
    from skydriver.errors import SettingError

    if not texts:
        return local_cluster(workers)
    listed = [_cluster(text) for text in texts]
    if workers is not None and any(name == LOCAL for name, _ in listed):
        raise SettingError("cluster", f"{LOCAL} is the service's own machine, of which --workers says how many")
    return [*([[LOCAL, workers]] if workers else []), *map(list, listed)]


def _cluster(text: str) -> tuple[str, int]:
    from skydriver.errors import SettingError

    name, _, n_jobs = text.rpartition("=")
    if not name or not (n_jobs.isascii() and n_jobs.isdigit() and int(n_jobs[:9])):
        raise SettingError("cluster", f"it is {text[:80]!a}, not NAME=JOBS such as {LOCAL}=2")
    return name, int(n_jobs[:9])
