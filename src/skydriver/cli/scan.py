"""``skydriver scan``: an event's sky map, in one process tree on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
        from skydriver.services.regions import SkyRegion
        from skydriver.services.scan_event import scan_event

        n_workers = _cores() if workers is None else workers
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
        put(_lines(answer))
    if answer["partial"]:
        raise typer.Exit(130)
    if answer["best_fit"] is None:
        raise typer.Exit(4)


def _cores() -> int:
    """The cores that this process may use, as far as the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    yield from _findings(answer)
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


def _findings(answer: dict[str, Any]) -> Iterator[str]:
    """What kind of event it was, what is quoted, and whether it may be used."""
    topology, posterior, wilks = answer["topology"], answer["posterior"], answer["wilks"]
    if topology["evidence"]:
        evidence = ", ".join(f"{item['what']} {item['value']:.1f}" for item in topology["evidence"][:3])
        yield f"Topology   {topology['label']} ({evidence}; fit quality {topology['fit_quality']:.2f})"
    yield f"Headline   {_headline(answer['headline'])}"
    if posterior is not None:
        quoted = "" if answer["headline"]["kind"] == "region" else ", diagnostic only"
        areas = f"50% {posterior['area50_deg2']:.2f}, 90% {posterior['area90_deg2']:.2f} deg2"
        source = f"{posterior['sigma_sys_deg']:g} deg per axis, {posterior['calibration']}"
        yield f"Regions    {areas} with {source}{quoted}"
        yield f"Wilks      50% {wilks['area50_deg2']:.2f}, 90% {wilks['area90_deg2']:.2f} deg2, {wilks['meaning']}"
    yield from _variants(answer["systematics"])
    yield f"May I use it?  {answer['verdict']['answer'].upper()}"
    yield from (f"  {reason}" for reason in answer["verdict"]["reasons"])


def _headline(headline: dict[str, Any]) -> str:
    match headline["kind"]:
        case "region":
            ra, dec = (
                f"{headline[f'{axis}_deg']:.2f} (+{headline[f'{axis}_plus_deg']:.2f}/-{headline[f'{axis}_minus_deg']:.2f})"
                for axis in ("ra", "dec")
            )
            return f"RA {ra}  Dec {dec} deg, 90% region"
        case "first_look":
            error = "" if headline["error_deg"] is None else f", error {headline['error_deg']:.2f} deg"
            position = f"RA {headline['ra_deg']:.4f}  Dec {headline['dec_deg']:+.4f} deg"
            return f"{position}, the event's own {headline['source']}{error}"
        case "vertex":
            x, y, z = (f"{headline[f'{axis}_m']:.0f}" for axis in "xyz")
            return f"vertex x {x}  y {y}  z {z} m, no direction"
        case _:
            return headline["source"]


def _variants(systematics: dict[str, Any] | None) -> Iterator[str]:
    """The variants, if any were scanned."""
    if systematics is None:
        return
    for item in systematics["variants"]:
        found = "found nothing" if item["offset_deg"] is None else f"{item['offset_deg']:.2f} deg away"
        yield f"Variant    {item['name']:18} {found}"
    if systematics["spread_deg"] is not None:
        envelope = f"envelope {systematics['envelope_area_deg2']:.2f} deg2"
        yield f"Variants   spread {systematics['spread_deg']:.2f} deg per axis, {envelope}, statistical regions joined"
