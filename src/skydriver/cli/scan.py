"""``skydriver scan``: an event's sky map, in one process tree on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.cores import cores
from skydriver.cli.event import EventArgument, JsonOption  # noqa: TC001 - typer reads them when it starts
from skydriver.cli.interrupts import interruptible
from skydriver.cli.output import put, put_json
from skydriver.cli.selection import (
    DeepcoreOption,
    ExcludeDomsOption,
    ExcludeStringsOption,
    ExcludeWindowsOption,
    PulsesOption,
    TimeWindowOption,
    given,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


def scan(  # noqa: PLR0913 - one parameter for each option
    event: EventArgument,
    *,
    reco: Annotated[
        str,
        typer.Option(
            help="Reconstruction: pandel_mpe[:OPTION=NUMBER…], dummy[:SEED] or crash_dummy[:FRACTION[:KIND]]."
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
        from skydriver.services.regions import SkyRegion
        from skydriver.services.scan_event import scan_event

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
        request = ScanRequest(reco, nsides, predictive_scanning_threshold, max_reco_time, n_workers, selection, region)
        with progress() as show:
            answer = scan_event(event, request, out, show, interrupts)
    if as_json:
        put_json(answer)
    else:
        put(_lines(answer))
    if answer["partial"]:
        raise typer.Exit(130)
    if answer["best_fit"] is None:
        raise typer.Exit(4)


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people."""
    kind = "real" if answer["is_real_event"] else "simulated"
    yield f"Run {answer['run_id']}, event {answer['event_id']} ({kind}), {answer['algorithm']}"
    if answer["partial"]:
        yield "PARTIAL: the scan was interrupted; this is what was finished"
    if answer["region"]:
        yield "Only       " + ", ".join(f"{name} {text}" for name, text in answer["region"].items())
    best = answer["best_fit"]
    if best is None:
        yield "No best fit: every pixel failed"
    else:
        position = f"RA {best['ra_deg']:.4f}  Dec {best['dec_deg']:+.4f} deg (ICRS)"
        yield f"Best fit   {position}, llh {best['llh']:.3f} at nside {best['nside']}"
    for offset in answer["offsets"]:
        yield f"Offset     {offset['deg']:.3f} deg from {offset['seed']}"
    failed = f", {answer['n_failed']} failed" if answer["n_failed"] else ""
    pixels = f"{answer['n_pixels']} pixels{failed}"
    yield f"Cost       {pixels}, {answer['n_fits']} fits in {answer['fit_cpu_seconds']:.2f} CPU-s;"
    yield f"           {answer['cpu_seconds']:.2f} CPU-s in all, {answer['wall_seconds']:.2f} s by the clock"
    for reason in answer["not_reproducible"]:
        yield f"Not reproducible: {reason}"
    for path in answer["products"]:
        yield f"Product    {path}"
    yield answer["statement"]
