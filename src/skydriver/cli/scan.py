"""``skydriver scan``: an event's sky map, in one process tree on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.cores import cores
from skydriver.cli.event import EventArgument, JsonOption
from skydriver.cli.interrupts import interruptible
from skydriver.cli.output import put, put_json
from skydriver.cli.scan_text import lines
from skydriver.cli.selection import (
    DeepcoreOption,
    ExcludeDomsOption,
    ExcludeStringsOption,
    ExcludeWindowsOption,
    PulsesOption,
    TimeWindowOption,
    given,
)


def scan(  # noqa: PLR0913 - one parameter for each option
    event: EventArgument,
    *,
    reco: Annotated[
        str,
        typer.Option(
            help="Reconstruction: pandel_mpe[:OPTION=NUMBER…], dummy[:SEED[:SECONDS]] or crash_dummy[:FRACTION[:KIND]]."
        ),
    ] = "pandel_mpe",
    nsides: Annotated[
        str, typer.Option(help="Progression NSIDE:PIXELS,…: each stage refines so many pixels of the one before.")
    ] = "8:0,64:12,512:24",
    predictive_scanning_threshold: Annotated[
        float, typer.Option(help="Fraction of a stage, 0.1 to 1, from which idle workers begin the next.")
    ] = 1.0,
    max_reco_time: Annotated[
        float | None, typer.Option(help="Limit on one fit's CPU time in seconds [default: the reconstruction's].")
    ] = None,
    center: Annotated[
        str | None, typer.Option(help="Scan only a disc around RA,DEC, degrees [default: the whole sky].")
    ] = None,
    radius: Annotated[float | None, typer.Option(help="Radius of that disc in degrees, 0.1 to 180.")] = None,
    zenith_band: Annotated[
        str | None, typer.Option(help="Scan only zenith angles MIN,MAX, degrees [default: the whole sky].")
    ] = None,
    enclose: Annotated[
        bool, typer.Option("--enclose", help="Widen the last stage until it encloses the 90% region.")
    ] = False,
    systematics: Annotated[
        bool, typer.Option("--systematics", help="Scan variants of the fit around the result, and say how they differ.")
    ] = False,
    calibration: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Table made by skydriver calibrate [default: the reconstruction's own]."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes [default: one for each core].")] = None,
    pulses: PulsesOption = None,
    exclude_strings: ExcludeStringsOption = None,
    exclude_doms: ExcludeDomsOption = None,
    deepcore: DeepcoreOption = False,
    time_window: TimeWindowOption = None,
    exclude_windows: ExcludeWindowsOption = None,
    out: Annotated[Path, typer.Option(help="Folder for the products.")] = Path("out"),
    as_json: JsonOption = False,
) -> None:
    """Scan the sky, or a part of it, for where an event came from, and write its sky map."""
    with interruptible() as interrupts:
        from skydriver.cli.progress import progress
        from skydriver.events.selection import Selection
        from skydriver.services.preparation import ScanRequest
        from skydriver.services.scan_event import scan_event
        from skydriver.services.sky_region import SkyRegion

        n_workers = cores() if workers is None else workers
        selection = Selection.from_texts(
            given(
                pulses=pulses,
                exclude_strings=exclude_strings,
                exclude_doms=exclude_doms,
                deepcore=deepcore,
                time_window=time_window,
                exclude_windows=exclude_windows,
            )
        )
        region = SkyRegion.from_text(center, radius, zenith_band)
        request = ScanRequest(
            reco,
            nsides,
            predictive_scanning_threshold,
            max_reco_time,
            n_workers,
            selection,
            region,
            enclose=enclose,
            systematics=systematics,
            calibration=calibration,
        )
        with progress() as show:
            answer = scan_event(event, request, out, show, interrupts)
    if as_json:
        put_json(answer)
    else:
        put(lines(answer))
    if answer["interrupted"] is not None:
        raise typer.Exit(130)
    if answer["best_fit"] is None:
        raise typer.Exit(4)
