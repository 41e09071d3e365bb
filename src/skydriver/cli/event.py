"""``skydriver event``: what is in an event."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skydriver.cli.output import put, put_json

if TYPE_CHECKING:
    from collections.abc import Iterator

EventArgument = Annotated[str, typer.Argument(help="Realtime JSON file, or 'example' for the bundled event.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


def event(event: EventArgument, *, as_json: JsonOption = False) -> None:
    """Show what is in an event: header, pulse series, seeds, faulty windows, unknown objects."""
    from skydriver.services.event_summary import load, summary

    content = summary(load(event))
    if as_json:
        put_json(content)
    else:
        put(_lines(content))


def _lines(content: dict[str, Any]) -> Iterator[str]:
    """The summary for people."""
    kind = "real" if content["is_real_event"] else "simulated"
    yield f"Run {content['run_id']}, event {content['event_id']} ({kind}, format {content['format_version']})"
    yield f"Start {content['start_time']} (MJD {content['mjd']:.8f} UTC)"
    yield ""
    yield f"{'Series':40} {'DOMs':>6} {'pulses':>7} {'PE':>10}"
    for name, row in content["series"].items():
        yield f"{name:40} {row['n_dom']:6} {row['n_pulse']:7} {row['qtot']:10.1f}"
    row = content["cleaned"]
    yield f"{'cleaned ' + content['main_series']:40} {row['nch']:6} {row['npulses']:7} {row['qtot']:10.1f}"
    yield from _seed_lines(content["seeds"])
    yield from _window_lines(content["time_windows"])
    yield from _object_lines(content["unknown_objects"])


def _seed_lines(seeds: list[dict[str, Any]]) -> Iterator[str]:
    if not seeds:
        return
    yield ""
    yield f"{'Seed':40} {'RA':>9} {'Dec':>9} {'zenith':>8} {'azimuth':>8}  degrees"
    for seed in seeds:
        zenith, azimuth = math.degrees(seed["zenith_rad"]), math.degrees(seed["azimuth_rad"])
        yield f"{seed['name']:40} {seed['ra_deg']:9.4f} {seed['dec_deg']:+9.4f} {zenith:8.3f} {azimuth:8.3f}"


def _window_lines(windows: list[dict[str, Any]]) -> Iterator[str]:
    if not windows:
        return
    yield ""
    yield f"{'Faulty windows':40} {'DOM':>6} {'start':>10} {'stop':>10}  ns"
    for window in windows:
        dom = f"{window['string']}-{window['om']}"
        start, stop = ("-" if end is None else f"{end:.1f}" for end in (window["start_ns"], window["stop_ns"]))
        yield f"{window['object']:40} {dom:>6} {start:>10} {stop:>10}"


def _object_lines(objects: list[dict[str, Any]]) -> Iterator[str]:
    if not objects:
        return
    yield ""
    yield "Objects kept by name and size only"
    for item in objects:
        yield f"  {item['frame']} {item['name']} ({item['type']}, {item['n_bytes']} bytes)"
