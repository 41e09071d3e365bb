"""What a request to launch a scan is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from skydriver.services.manifests import View, manifest, show_manifest
from skydriver.services.projection import read_projection
from skydriver.services.scan_arguments import PROJECTION
from skydriver.services.submission import dry_run, submit

if TYPE_CHECKING:
    from skydriver.services.context import Service


def launch(service: Service, arguments: dict[str, object], owner: str, key: str | None) -> bytes:
    """Launch a scan, or with ``dry_run`` say what it would take; the manifest, of the generation that was asked in.

    Errors are those of `skydriver.services.submission.submit`.
    """
    if arguments.get("dry_run") is True:
        return orjson.dumps(dry_run(service, arguments))
    made = submit(service, arguments, owner, key)
    projection = read_projection(PROJECTION, arguments.get(PROJECTION), made.generation)
    if made.generation == 2023:
        return manifest(service, made.scan_id, include_deleted=True, token=made.token, projection=projection)
    return show_manifest(service, made.scan_id, View(projection, include_deleted=True), made.token)
