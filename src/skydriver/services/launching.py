"""What a request to launch a scan is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from skydriver.services.manifests import manifest
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
    return manifest(service, made.scan_id, include_deleted=True, generation=made.generation, token=made.token)
