"""``skydriver calibrate``: how far maps are from known truths, as a table that scans can carry."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.cores import cores
from skydriver.cli.event import JsonOption
from skydriver.cli.interrupts import interruptible
from skydriver.cli.output import complain, put, put_json
from skydriver.cli.progress import LINE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from skydriver.services.calibration.known_events import KnownEvent
    from skydriver.services.calibration.run import CalibrationProgress
    from skydriver.services.calibration.truth_scans import TruthScanSettings

NOTHING_MEASURED = 4


def calibrate(  # noqa: PLR0913 - one parameter for each option
    events: Annotated[
        list[str] | None,
        typer.Argument(help="Realtime JSON files with NAME.truth.json beside NAME.json, or folders of such."),
    ] = None,
    *,
    simulate: Annotated[int, typer.Option(help="So many simulated events too, made where they are needed.")] = 0,
    kind: Annotated[str, typer.Option(help="Of the simulated events, as of the command simulate.")] = "through_going",
    seed: Annotated[int, typer.Option(help="The first simulated event is that of this seed.")] = 1,
    reco: Annotated[str, typer.Option(help="Reconstruction, as of the command scan.")] = "pandel_mpe",
    radius: Annotated[
        float, typer.Option(help="Scan a disc of this radius, degrees, around a place near the truth.")
    ] = 5.0,
    blind: Annotated[bool, typer.Option("--blind", help="Scan the whole sky instead.")] = False,
    nsides: Annotated[
        str | None, typer.Option(help="Progression [default: 64:0,512:12; with --blind 8:0,64:12,512:24].")
    ] = None,
    charge_bins: Annotated[str, typer.Option(help="Charges in PE between bands, EDGE,EDGE,….")] = "300,1000,3000",
    name: Annotated[str | None, typer.Option(help="Of the table [default: the reconstruction's].")] = None,
    source: Annotated[str | None, typer.Option(help="What it was measured on [default: what was given].")] = None,
    state: Annotated[Path | None, typer.Option(help="File that keeps finished events; a run goes on there.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes [default: one for each core].")] = None,
    out: Annotated[Path, typer.Option(help="File for the table.")] = Path("calibration.json"),
    as_json: JsonOption = False,
) -> None:
    """Scan events whose truth is known; write the systematic floor and the levels that hold 90 % of the truths."""
    with interruptible() as interrupts:
        from skydriver.services.calibration.known_events import known_events
        from skydriver.services.calibration.run import CalibrationRequest, calibrate_events
        from skydriver.services.calibration.table import TableSettings
        from skydriver.services.calibration.truth_scans import TruthScanSettings

        scans = TruthScanSettings.of(reco, nsides, radius, blind=blind)
        TableSettings.from_text(charge_bins, "to come", "to come")
        found = known_events(events or [], simulate, kind, seed)
        table = TableSettings.from_text(charge_bins, *_texts(name, source, scans, found))
        request = CalibrationRequest(scans, table, out, state, cores() if workers is None else workers)
        answer = calibrate_events(found, request, _Lines().show, interrupts)
    if as_json:
        put_json(answer)
    else:
        put(_lines(answer))
    if answer["partial"]:
        raise typer.Exit(130)
    if not answer["n_measured"]:
        raise typer.Exit(NOTHING_MEASURED)


def _texts(
    name: str | None, source: str | None, scans: TruthScanSettings, events: Sequence[KnownEvent]
) -> tuple[str, str]:
    """Name and source of the table."""
    from skydriver.services.calibration.known_events import source_of
    from skydriver.services.calibration.table import algorithm_of

    where = "whole sky" if scans.radius_deg is None else f"discs of {scans.radius_deg:g} degrees"
    usual = f"{source_of(events)}, {where}, nsides {scans.nsides}"
    return (
        " ".join((*algorithm_of(scans.reco), "calibration")) if name is None else name,
        usual if source is None else source,
    )


class _Lines:
    """A line of progress now and then."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def show(self, state: CalibrationProgress) -> None:
        """Say how far it is."""
        now = time.monotonic()
        if now - self._last < LINE_SECONDS and state.n_done < state.n_events:
            return
        self._last = now
        left = f"  {state.seconds_left:.0f} s left"
        failed = f", {state.n_failed} failed" if state.n_failed else ""
        complain(f"{state.n_done}/{state.n_events} events{failed}{left if state.n_done < state.n_events else ''}")


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    """The answer for people."""
    yield f"{answer['name']}: {answer['algorithm']} {answer['algorithm_version']}"
    yield f"Source     {answer['source']}"
    if answer["partial"]:
        yield "PARTIAL: it was interrupted; no table is written"
    yield f"Events     {answer['n_measured']} measured of {answer['n_events']}, {answer['n_failed']} failed"
    yield ""
    yield from _group_lines(answer["groups"])
    for warning in answer["warnings"]:
        yield f"Warning    {warning}"
    for failure in answer["failures"]:
        yield f"Failed     {failure['event']}: {failure['reason']}"
    if answer["table"]:
        yield f"Table      {answer['table']}"


def _group_lines(groups: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A row for each group."""
    if not groups:
        return
    offset, shares = "offset (deg)", "held by 90 % regions, %"
    yield f"{'':36} {'':>5} {offset:^20} {shares:^44} {'floor (deg)':^21} {'levels':^13}"
    heads = f"{'50 %':>6} {'90 %':>6} {'max':>6} {'Wilks':^14} {'statistical':^14} {'carried floor':^14}"
    yield f"{'Events':36} {'n':>5} {heads} {'':21} {'50 %':>6} {'90 %':>6}"
    for group in groups:
        offsets = " ".join(f"{group[f'offset_{key}']:6.2f}" for key in ("median_deg", "90_deg", "largest_deg"))
        held = " ".join(_share(group, key) for key in ("wilks", "statistical", "carried"))
        levels = f"{group['level50']:6.2f} {group['level90']:6.2f}"
        yield f"{_what(group):36} {group['n_events']:5} {offsets} {held} {_floor(group):21} {levels}"
    yield ""


def _share(group: dict[str, Any], key: str) -> str:
    share, low, high = (100.0 * group[f"{key}_{part}"] for part in ("share", "low", "high"))
    return f"{share:3.0f} ({low:3.0f}-{high:3.0f}) ".ljust(14)


def _floor(group: dict[str, Any]) -> str:
    sign = {"": " ", "upper": "<", "lower": ">"}[group["floor_limit"]]
    return f"{sign}{group['floor_deg']:.2f} ({group['floor_low_deg']:.2f}-{group['floor_high_deg']:.2f})"


def _what(group: dict[str, Any]) -> str:
    """A group in words."""
    unit = "GeV true" if group["by"] == "energy" else "PE"
    low, high = ("" if group[end] is None else f"{group[end]:g}" for end in ("min", "max"))
    words = [group["topology"] or "", f"{low}-{high} {unit}" if low else ""]
    return ", ".join(filter(None, words)) or "all"
