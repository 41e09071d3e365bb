"""``skydriver compare``: whether two sky maps agree, and where they differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json

if TYPE_CHECKING:
    from collections.abc import Iterator

DIFFER = 5
"""Exit code for maps that do not agree."""


def compare(  # noqa: PLR0913 - one parameter for each option
    a: Annotated[Path, typer.Argument(metavar="A", help="A sky map, JSON or npz, of SkyDriver or skyreader.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Another one.")],
    *,
    tolerance: Annotated[float, typer.Option(help="Largest difference of llh with which they agree.")] = 1e-6,
    flipped_a: Annotated[
        bool, typer.Option("--flipped-a", help="A has its declination flipped, as public maps made before 2023.")
    ] = False,
    flipped_b: Annotated[bool, typer.Option("--flipped-b", help="B has its declination flipped.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two sky maps pixel by pixel; the exit code says whether they agree."""
    from skydriver.services.comparison import compare_files

    answer = compare_files(a, b, tolerance, flipped_a=flipped_a, flipped_b=flipped_b).as_dict()
    if as_json:
        put_json(answer)
    else:
        put(_lines(answer))
    if not answer["agree"]:
        raise typer.Exit(DIFFER)


def _lines(answer: dict[str, Any]) -> Iterator[str]:
    """The comparison for people."""
    for name, side in zip("AB", answer["maps"], strict=True):
        event = f"run {side['run_id']}, event {side['event_id']}"
        yield f"{name}          {event}, {side['n_pixels']} pixels, {_best_fit(side['best_fit'])}"
    yield f"{'':10} {'pixels':>26}   {'NaN in':>15}   {'difference of llh':>21} {'above minimum':>21}"
    nans = f"{'only A':>7} {'only B':>7}"
    yield f"{'Stage':10} {'both':>8} {'only A':>8} {'only B':>8}   {nans}   {'largest':>21} {'largest, rms':>21}"
    for stage in answer["stages"]:
        yield _row(stage)
    if answer["offset_deg"] is not None:
        yield f"Best fits  {answer['offset_deg']:.4f} deg apart, llh {answer['llh_offset']:+.6g} from A to B"
        yield f"Regions    {answer['overlap90']:.4f} of both together is common (2 delta-llh up to 4.61, 90%)"
    if answer["agree"]:
        yield f"AGREE      within {answer['tolerance']:g}"
    else:
        yield f"DIFFER     {'; '.join(answer['reasons'])}"


def _best_fit(best: dict[str, Any] | None) -> str:
    if best is None:
        return "no best fit"
    return f"RA {best['ra_deg']:.4f}  Dec {best['dec_deg']:+.4f} deg at nside {best['nside']}"


def _row(stage: dict[str, Any]) -> str:
    """One line of the table."""
    counts = f"{stage['n_both']:8} {stage['n_only_a']:8} {stage['n_only_b']:8}"
    nans = f"{stage['n_nan_only_a']:7} {stage['n_nan_only_b']:7}"
    name = f"nside-{stage['nside']}"
    if stage["llh_largest"] is None:
        return f"{name:10} {counts}   {nans}   {'-':>21} {'-':>21}"
    rise = f"{stage['rise_largest']:.3g}, {stage['rise_rms']:.3g}"
    return f"{name:10} {counts}   {nans}   {stage['llh_largest']:21.3g} {rise:>21}"
