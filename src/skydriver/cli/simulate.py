"""``skydriver simulate``: a simulated event as realtime JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from skydriver.cli.output import put


def simulate(  # noqa: PLR0913 - one parameter for each option
    *,
    seed: Annotated[int, typer.Option(help="Decides everything that is left to chance.")],
    energy: Annotated[float | None, typer.Option(help="Muon energy in GeV [default: drawn].")] = None,
    zenith: Annotated[float | None, typer.Option(help="Where it came from, degrees [default: drawn].")] = None,
    azimuth: Annotated[float | None, typer.Option(help="Where it came from, degrees [default: drawn].")] = None,
    run_id: Annotated[int, typer.Option(help="Run of the event.")] = 1,
    event_id: Annotated[int | None, typer.Option(help="Number of the event [default: the seed].")] = None,
    start_time: Annotated[str, typer.Option(help="UTC, ISO-8601 with Z.")] = "2025-01-01T00:00:00Z",
    out: Annotated[Path, typer.Option(help="Folder for the event and its truth.")] = Path("out"),
) -> None:
    """Simulate a through-going muon; write it as realtime JSON, with its truth beside it."""
    from skydriver.services.products import open_folder
    from skydriver.simulation.events import simulate as simulated
    from skydriver.skymap.files import write_atomically

    event = simulated(
        seed,
        energy_gev=energy,
        zenith_deg=zenith,
        azimuth_deg=azimuth,
        run_id=run_id,
        event_id=event_id,
        start_time=start_time,
    )
    open_folder(out)
    for suffix, data in (("json", event.event_json), ("truth.json", event.truth_json)):
        path = out / f"simulated_{seed}.{suffix}"
        write_atomically(path, data)
        put([str(path)])
