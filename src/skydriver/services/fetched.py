"""The files of a result that came from a service: those that ``skydriver scan`` leaves of the same scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from skydriver.errors import ResultError
from skydriver.services.products import open_folder, product_stem, write_products
from skydriver.services.publishing import summary_quote
from skydriver.services.summary import Summary
from skydriver.skymap.files import product_name
from skydriver.skymap.json_format import from_document, write_json
from skydriver.skymap.npz_format import write_npz
from skydriver.skymap.provenance import Provenance

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from skydriver.skymap.skymap import SkyMap

EXTERNAL = "external"
"""In a file's name, the algorithm of a map that came without provenance."""


def write_fetched(document: object, facts: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the products of a result; the files written.

    Of a map without an answer there are JSON and npz alone: that of a scan which goes on, whose files are named
    partial, and one that is not SkyDriver's own, of which nothing is known.

    Parameters
    ----------
    document
        The map, as a service calls it ``skyscan_result``.
    facts
        ``provenance``, null of a map that is not SkyDriver's own, and ``answer``, null also while the scan goes on.
    folder
        Where to write; it is made if it is not there.

    Raises
    ------
    ResultError
        If it is no such map, or a file cannot be written.
    """
    provenance, answer = facts.get("provenance"), facts.get("answer")
    made = None if provenance is None else Provenance.from_json(json.dumps(provenance))
    skymap = from_document(document, made)
    if made is None or answer is None:
        return _write_map(skymap, folder)
    try:
        summary = Summary.model_validate(answer)
    except ValidationError as error:
        first = error.errors()[0]
        raise ResultError(f"the answer of the service: {first['loc']}: {first['msg']}") from error
    return write_products(skymap, answer, summary_quote(skymap, summary), folder)


def _write_map(skymap: SkyMap, folder: Path) -> list[Path]:
    """The map alone."""
    made = skymap.provenance
    stem = product_stem(skymap) if made else product_name(skymap.event, EXTERNAL, skymap.stages, "").rstrip(".")
    open_folder(folder)
    return [*write_json(skymap, folder / f"{stem}.json"), write_npz(skymap, folder / f"{stem}.npz")]
