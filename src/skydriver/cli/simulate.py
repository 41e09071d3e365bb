"""``skydriver simulate``: simulated events as realtime JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skydriver.cli.output import put
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from skydriver.simulation.events import SimulatedEvent


def simulate(  # noqa: PLR0913 - one parameter for each option
    *,
    seed: Annotated[int, typer.Option(help="Decides everything that is left to chance.")],
    kind: Annotated[
        str, typer.Option(help="through_going, skimming, starting or stopping for a muon, or cascade.")
    ] = "through_going",
    count: Annotated[int, typer.Option(help="How many events, of this seed and those after it.")] = 1,
    energy: Annotated[float | None, typer.Option(help="Energy in GeV [default: drawn].")] = None,
    zenith: Annotated[float | None, typer.Option(help="Where it came from, degrees [default: drawn].")] = None,
    azimuth: Annotated[float | None, typer.Option(help="Where it came from, degrees [default: drawn].")] = None,
    run_id: Annotated[int, typer.Option(help="Run of the event.")] = 1,
    event_id: Annotated[int | None, typer.Option(help="Number of the event [default: the seed].")] = None,
    start_time: Annotated[str, typer.Option(help="UTC, ISO-8601 with Z.")] = "2025-01-01T00:00:00Z",
    out: Annotated[Path, typer.Option(help="Folder for the events and their truths.")] = Path("out"),
) -> None:
    """Simulate events of one kind; write each as realtime JSON, with its truth beside it."""
    from skydriver.simulation.events import simulate as simulated

    _check_count(count, event_id)
    for number in range(seed, seed + count):
        event = simulated(
            number,
            kind=kind,
            energy_gev=energy,
            zenith_deg=zenith,
            azimuth_deg=azimuth,
            run_id=run_id,
            event_id=event_id,
            start_time=start_time,
        )
        _write(event, out, number)


def _check_count(count: int, event_id: int | None) -> None:
    if count < 1:
        raise SettingError("count", f"{count} is less than 1")
    if count > 1 and event_id is not None:
        raise SettingError("event_id", f"{event_id} cannot be the number of all {count} events")


def _write(event: SimulatedEvent, folder: Path, seed: int) -> None:
    """Write one event and its truth, and print where they are."""
    from skydriver.services.products import open_folder
    from skydriver.skymap.files import write_atomically

    open_folder(folder)
    for suffix, data in (("json", event.event_json), ("truth.json", event.truth_json)):
        path = folder / f"simulated_{seed}.{suffix}"
        write_atomically(path, data)
        put([str(path)])
