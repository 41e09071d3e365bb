"""The files that a scan leaves behind."""

from __future__ import annotations

import contextlib
import io
import tempfile
from typing import TYPE_CHECKING, NamedTuple

from skydriver.errors import ResultError
from skydriver.skymap.files import product_name, write_atomically
from skydriver.skymap.json_format import write_json
from skydriver.skymap.npz_format import write_npz

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from skydriver.skymap.provenance import Provenance
    from skydriver.skymap.skymap import SkyMap


class FirstLook(NamedTuple):
    """A direction that came with the event."""

    name: str
    ra_deg: float
    dec_deg: float


def open_folder(folder: Path) -> None:
    """Make the folder if it is not there; a `ResultError` says why it cannot be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultError(f"cannot make the folder {folder}: {error.strerror or error}") from error


@contextlib.contextmanager
def folder_to_fill(folder: Path) -> Iterator[None]:
    """See that the folder can be written to before it is needed; take it away again if it was made for nothing.

    Raises
    ------
    ResultError
        If nothing can be written there.
    """
    missing = _not_there(folder)
    try:
        open_folder(folder)
        _try_out(folder)
        yield
    finally:
        for path in missing:
            with contextlib.suppress(OSError):  # a folder that holds something stays
                path.rmdir()


def _not_there(folder: Path) -> list[Path]:
    """The folder and those above it that do not exist, the innermost first; none for names that nothing can have."""
    with contextlib.suppress(OSError):
        return [path for path in (folder, *folder.parents) if not path.exists()]
    return []


def _try_out(folder: Path) -> None:
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ResultError(f"cannot write into the folder {folder}: {error.strerror or error}") from error


def write_products(skymap: SkyMap, looks: Sequence[FirstLook], folder: Path) -> list[Path]:
    """Write JSON, npz and picture of a map; the files written.

    A partial map's files say so in their names. Without a best fit there is no picture.

    Raises
    ------
    ResultError
        If a file cannot be written, or the map came without its provenance.
    """
    provenance = _provenance(skymap)
    open_folder(folder)
    stem = product_name(skymap.event, provenance.algorithm, [nside for nside, _ in provenance.nsides], "json")
    base = folder / (stem.removesuffix(".json") + (".partial" if provenance.partial else ""))
    files = [
        *write_json(skymap, base.with_name(base.name + ".json")),
        write_npz(skymap, base.with_name(base.name + ".npz")),
    ]
    if skymap.best_fit() is not None:
        files.append(_draw(skymap, provenance, looks, base.with_name(base.name + ".png")))
    return files


def _provenance(skymap: SkyMap) -> Provenance:
    if skymap.provenance is None:
        raise ResultError("a map of unknown provenance is not published")
    return skymap.provenance


def _draw(skymap: SkyMap, provenance: Provenance, looks: Sequence[FirstLook], path: Path) -> Path:
    """The all-sky picture with a zoom."""
    from skydriver.plots.skymap import Marker, draw_skymap  # noqa: PLC0415 - matplotlib loads slowly

    best = skymap.best_fit()
    if best is None:
        raise ResultError("a map without a best fit has no picture")
    event = skymap.event
    kind = "real event" if event.is_real_event else "simulated event"
    picture = io.BytesIO()
    draw_skymap(
        picture,
        {nside: (rows["index"], rows["llh"]) for nside, rows in skymap.stages.items()},
        (best.ra_deg, best.dec_deg),
        title=f"Run {event.run_id}, event {event.event_id} ({kind})",
        subtitle=_subtitle(provenance, event.mjd),
        markers=[Marker(*look) for look in looks],
        footer=provenance.statement,
    )
    write_atomically(path, picture.getvalue())
    return path


def _subtitle(provenance: Provenance, mjd: float) -> str:
    """How and when, and what the map does not show."""
    parts = [f"{provenance.algorithm} {provenance.algorithm_version}", f"MJD {mjd:.6f} UTC"]
    if provenance.region:
        parts.append("only " + ", ".join(f"{name} {text}" for name, text in provenance.region.items()))
    if provenance.partial:
        parts.append("PARTIAL: the scan was interrupted")
    return " · ".join(parts)
