"""Looks at one thing after the other: this machine, the workers' address, and each cluster."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from skydriver.clusters.configured import VARIABLE, Clusters, read_clusters
from skydriver.errors import SettingError
from skydriver.services.checkup.bundle import BUNDLE_CURE, look_at_bundle
from skydriver.services.checkup.clusters import look_at_clusters
from skydriver.services.checkup.findings import Finding, looked
from skydriver.services.checkup.machine import CHECKS
from skydriver.services.checkup.workers_address import ADDRESS_CURE, look_at_address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.config import Settings

CLUSTERS_CURE: Final = f"mend the file of {VARIABLE}: docs/operations.md has every key"


def check_up(settings: Settings) -> Iterator[Finding]:
    """Look at one thing after the other."""
    for check in CHECKS:
        yield looked(check.name, check.cure, partial(check.look, settings))
    try:
        clusters = read_clusters(settings.clusters)
    except SettingError as error:
        yield Finding("clusters", ok=False, says=str(error), cure=CLUSTERS_CURE)
        return
    yield Finding("clusters", ok=True, says=_words(clusters), cure=None)
    yield looked("workers' address", ADDRESS_CURE, lambda: look_at_address(settings, clusters))
    if any(how.ship == "bundle" for how in clusters.hows):
        yield looked("bundle", BUNDLE_CURE, lambda: look_at_bundle(clusters))
    yield from look_at_clusters(settings, clusters)


def _words(clusters: Clusters) -> str:
    if not clusters.any:
        return "none are configured"
    names = ", ".join(named.name for named in clusters.named) or "none by name"
    more = "; others by collector and schedd" if clusters.unlisted is not None else ""
    return f"{names}{more}; fits by {clusters.baseline}"
