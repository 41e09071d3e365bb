"""``skydriver serve``: the service, on this machine."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.output import complain, put
from skydriver.cli.service_options import DataOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.api.run import Running
    from skydriver.config import Settings


def serve(  # noqa: PLR0913 - one parameter for each option
    *,
    data: DataOption = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to serve on, of this machine alone [default: SKYDRIVER_HOST, or 127.0.0.1]."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to serve on; 0 takes a free one [default: SKYDRIVER_PORT, or 8423].")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Worker processes [default: SKYDRIVER_LOCAL_WORKERS, or one for each core].")
    ] = None,
    worker_bind: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT", help="Address for workers elsewhere, by TLS [default: SKYDRIVER_WORKER_BIND, or none]."
        ),
    ] = None,
    scan: Annotated[
        str | None,
        typer.Option(metavar="EVENT", help="Scan this event too, and show how; without a terminal, then end."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the products of that scan.")] = Path("out"),
) -> None:
    """Serve the REST API with coordination, workers and database in one; Ctrl-C ends it in order."""
    from skydriver import log
    from skydriver.cli.settings import settings_of

    settings = settings_of(data=data, host=host, port=port, local_workers=workers, worker_bind=worker_bind)
    log.configure(quiet=scan is not None)
    try:
        code = _serve_only(settings) if scan is None else _serve_and_scan(settings, scan, out)
    except KeyboardInterrupt:
        complain("interrupted before it served")
        code = 130
    if code:
        raise typer.Exit(code)


def _serve_only(settings: Settings) -> int:
    from skydriver.api.run import run

    run(settings, lambda running: put(_address(running)))
    return 0


def _serve_and_scan(settings: Settings, event: str, out: Path) -> int:
    from skydriver.api.run import run
    from skydriver.cli.submit import arguments_of
    from skydriver.errors import SettingError

    if not settings.local_workers:
        raise SettingError("workers", "without workers nothing is scanned")
    first = FirstScan(arguments_of(event, simulated=None), settings.local_workers, out)
    run(settings, first.begin)
    return first.code()


def _address(running: Running) -> Iterator[str]:
    """Where the service is; the line by which programs know that it serves."""
    yield f"SkyDriver serves at {running.url}"


class FirstScan:
    """A scan that is submitted to the service in this process, over REST like any other, and shown.

    Parameters
    ----------
    event
        What ``POST /scan`` needs to know of the event.
    workers
        How many may fit it.
    out
        Folder for its products.
    """

    def __init__(self, event: dict[str, Any], workers: int, out: Path) -> None:
        self._arguments = event
        self._workers = workers
        self._out = out
        self._code: int | None = None
        self._problem: Exception | None = None
        self._thread: threading.Thread | None = None

    def begin(self, running: Running) -> None:
        """The service is ready."""
        put(_address(running))
        self._thread = threading.Thread(target=self._run, args=[running], name="first scan", daemon=True)
        self._thread.start()

    def code(self) -> int:
        """The exit code, when the service has ended; an error of the scan is raised."""
        if self._problem is not None:
            raise self._problem
        if self._code is not None:
            return self._code
        complain("interrupted: the scan goes on when the service is started again")
        return 130

    def _run(self, running: Running) -> None:
        from skydriver.errors import SkyDriverError

        try:
            self._code = self._scan(running)
        except SkyDriverError as error:
            if not running.should_exit:
                self._problem = error
        if self._code == 0 and sys.stdout.isatty():
            put(["", f"It goes on serving at {running.url} (what it can do: {running.url}/docs). Ctrl-C ends it."])
        else:
            running.end()

    def _scan(self, running: Running) -> int:
        from skydriver.cli.service_options import client_of
        from skydriver.cli.submit import local_cluster, nsides_of, submitted
        from skydriver.cli.watching import watch_to_end

        arguments = self._arguments | {
            "docker_tag": "latest",
            "reco_algo": "pandel_mpe",
            "nsides": nsides_of("8:0,64:12,512:24"),
            "cluster": local_cluster(self._workers),
        }
        with client_of(running.url) as client:
            scan_id = submitted(client, arguments)
            put([f"Scan {scan_id} is submitted"])
            return watch_to_end(client, scan_id, self._out, as_json=False)
