"""The files of a result that came from a service: those that ``skydriver scan`` leaves of the same scan."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from skydriver.errors import ResultError
from skydriver.services.products import open_folder, write_products
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

    Of a map that is not SkyDriver's own, JSON and npz alone: nothing is known of it.

    Parameters
    ----------
    document
        The map, as a service calls it ``skyscan_result``.
    facts
        ``provenance`` and ``answer``, null where the map is not SkyDriver's own.
    folder
        Where to write; it is made if it is not there.

    Raises
    ------
    ResultError
        If it is no such map, or a file cannot be written.
    """
    provenance, answer = facts.get("provenance"), facts.get("answer")
    if provenance is None or answer is None:
        return _write_external(from_document(document), folder)
    skymap = from_document(document, Provenance.from_json(json.dumps(provenance)))
    try:
        summary = Summary.model_validate(answer)
    except ValidationError as error:
        first = error.errors()[0]
        raise ResultError(f"the answer of the service: {first['loc']}: {first['msg']}") from error
    return write_products(skymap, answer, summary_quote(skymap, summary), folder)


def _write_external(skymap: SkyMap, folder: Path) -> list[Path]:
    open_folder(folder)
    base = folder / product_name(skymap.event, EXTERNAL, skymap.stages, "json")
    return [*write_json(skymap, base), write_npz(skymap, base.with_suffix(".npz"))]
