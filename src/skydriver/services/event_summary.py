"""What is in an event, as plain objects."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skydriver.detector.geometry import dom_positions
from skydriver.errors import SettingError
from skydriver.events.cleaning import clean
from skydriver.events.realtime import load_event
from skydriver.events.source import read_source
from skydriver.services.first_looks import first_looks

if TYPE_CHECKING:
    from skydriver.events.event import Event

EXAMPLE = "example"
"""Names the bundled event where there is no file of that name."""


def event_path(name: str) -> str | Path:
    """The file `name`, or the bundled event's for ``example``; a `SettingError` where nothing is named."""
    if name == EXAMPLE and not Path(name).exists():
        from skydriver.simulation.events import example_event  # noqa: PLC0415 - only where it is asked for

        return example_event()
    if not name:
        raise SettingError("event", "names no file")
    return name


def load(name: str) -> Event:
    """The event in the file `name`, or the bundled one for ``example``; an `InputError` says what is wrong with it."""
    return load_event(event_path(name))


def event_source(name: str) -> bytes:
    """The JSON in that file; an `InputError` says why it cannot be read."""
    return read_source(event_path(name))


def summary(event: Event) -> dict[str, Any]:
    """Header, series, cleaned counts, windows, seeds and unknown objects: the keys of ``skydriver event --json``."""
    cleaned = clean(event.pulses, dom_positions())
    return {
        "run_id": event.header.run_id,
        "event_id": event.header.event_id,
        "sub_event_id": event.header.sub_event_id,
        "sub_event_stream": event.header.sub_event_stream,
        "start_time": event.header.start_time_utc,
        "mjd": event.header.mjd,
        "format_version": event.format_version,
        "is_real_event": event.is_real,
        "content_hash": event.content_hash,
        "main_series": event.main_series,
        "series": {
            name: {"n_dom": pulses.n_dom, "n_pulse": len(pulses), "qtot": pulses.qtot_pe}
            for name, pulses in event.series.items()
        },
        "cleaned": {"nch": cleaned.nch, "npulses": cleaned.npulses, "qtot": cleaned.qtot},
        "excluded": {
            "icetop": cleaned.n_icetop,
            "unknown_doms": cleaned.n_unknown,
            "isolated": cleaned.n_isolated,
            "outside_window": cleaned.n_outside_window,
            "deepcore": cleaned.n_deepcore,
        },
        "seeds": [
            {
                "name": look.name,
                "ra_deg": look.ra_deg,
                "dec_deg": look.dec_deg,
                "zenith_rad": seed.zenith_rad,
                "azimuth_rad": seed.azimuth_rad,
            }
            for look, seed in zip(first_looks(event), event.seeds, strict=True)
        ],
        "time_windows": _time_windows(event),
        "unknown_objects": [
            {"frame": item.stream, "name": item.name, "type": item.type_name, "n_bytes": item.n_bytes}
            for item in event.objects
            if not item.decoded
        ],
    }


def _time_windows(event: Event) -> list[dict[str, Any]]:
    """The faulty spans by object, DOM and time; an end that no number bounds is None."""
    spans = sorted(
        (name, string, om, start, stop)
        for name, windows in event.time_windows.items()
        for (string, om), found in windows.items()
        for start, stop in found
    )
    return [
        {"object": name, "string": string, "om": om, "start_ns": _bounded(start), "stop_ns": _bounded(stop)}
        for name, string, om, start, stop in spans
    ]


def _bounded(time_ns: float) -> float | None:
    return time_ns if math.isfinite(time_ns) else None
