"""The files that a scan leaves behind."""

from __future__ import annotations

import contextlib
import json
import tempfile
from typing import TYPE_CHECKING, Any

from skydriver.errors import ResultError
from skydriver.services.publishing import publication_of
from skydriver.services.summary import Summary
from skydriver.skymap.files import product_name, write_atomically
from skydriver.skymap.json_format import write_json
from skydriver.skymap.npz_format import write_npz

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from skydriver.skymap.publication import Quote
    from skydriver.skymap.skymap import SkyMap


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


def write_products(skymap: SkyMap, summary: Mapping[str, Any], quote: Quote | None, folder: Path) -> list[Path]:
    """Write JSON, npz, summary and picture of a map; the files written.

    A partial map's files say so in their names. Without a best fit there is no picture.

    Parameters
    ----------
    skymap
        The map.
    summary
        What was found out about its event (`skydriver.services.answer`).
    quote
        What may be quoted of it.
    folder
        Where to write.

    Raises
    ------
    ResultError
        If a file cannot be written, or the map came without its provenance.
    """
    base = folder / product_stem(skymap)
    open_folder(folder)
    files = [
        *write_json(skymap, base.with_name(base.name + ".json")),
        write_npz(skymap, base.with_name(base.name + ".npz")),
        _write_summary(summary, base.with_name(base.name + ".summary.json")),
    ]
    if skymap.best_fit() is not None:
        files.append(base.with_name(base.name + ".png"))
        write_atomically(files[-1], _picture(skymap, summary, quote))
    return files


def product_stem(skymap: SkyMap) -> str:
    """What the names of our own map's products begin with; a `ResultError` where it came without provenance."""
    made = skymap.provenance
    if made is None:
        raise ResultError("a map of unknown provenance is not published")
    name = product_name(skymap.event, made.algorithm, [nside for nside, _ in made.nsides], "json")
    return name.removesuffix(".json") + (".partial" if made.partial else "")


def _picture(skymap: SkyMap, summary: Mapping[str, Any], quote: Quote | None) -> bytes:
    """The overview as it is made of the files, too."""
    from skydriver.services.pictures import USUAL, draw_picture  # noqa: PLC0415 - matplotlib loads slowly

    shown = publication_of(skymap, Summary.model_validate(summary), quote)
    return draw_picture("overview", shown, USUAL)


def _write_summary(summary: Mapping[str, Any], path: Path) -> Path:
    write_atomically(path, json.dumps(summary, indent=1, allow_nan=False).encode() + b"\n")
    return path
