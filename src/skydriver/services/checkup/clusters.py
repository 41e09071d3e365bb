"""Each configured cluster: what can be seen of it from here, and what it says itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final

from skydriver.clusters.base import Bundle, ClusterRefusalError, Order
from skydriver.clusters.configured import MOST_BY_BUNDLE
from skydriver.clusters.htcondor.cluster import HTCondorCluster
from skydriver.clusters.htcondor.submit import describe
from skydriver.clusters.shipping import files_of
from skydriver.errors import SkyDriverError
from skydriver.recos.registry import find_reco
from skydriver.services.checkup.findings import Finding, looked
from skydriver.services.checkup.images import image_of, look_at_image
from skydriver.services.checkup.tokens import look_at_tokens
from skydriver.services.pools.keepers import FOLDER
from skydriver.services.scan_request_model import DISK_BYTES
from skydriver.services.sizes import mebibytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from skydriver.clusters.configured import Clusters, ClusterSettings, How, Named
    from skydriver.clusters.htcondor.cluster import Reach
    from skydriver.config import Settings

CALL_S: Final = 8.0
"""A cluster has so long to answer each of two questions; one that does not answer the first is not asked the second."""
AT_ONCE: Final = 16
"""So many clusters are looked at side by side."""
RECO: Final = "pandel_mpe"
"""What jobs need by default is what it needs."""
KNOWN_CURE: Final = (
    "have a token made where the schedd runs (condor_token_create -identity USER@DOMAIN), put it into a file of mode"
    " 0600 in token_directory, a folder of mode 0700"
)
JOBS_CURE: Final = "ship by container (image, or SKYDRIVER_IMAGE_ROOTS), or set max_jobs to 50 or less"
IMAGE_CURE: Final = "make one of a bundle with skydriver image, where the pool's machines see it"
KEYS_CURE: Final = "mend the cluster's table in the clusters' file"
SCHEDD_CURE: Final = (
    "see that collector and schedd are spelled as condor_status -schedd tells them, that they run, and that no firewall"
    " is between"
)
SLOTS_CURE: Final = "mend requirements in the clusters' file, choose a lower baseline, or ask for less with memory"


def look_at_clusters(settings: Settings, clusters: Clusters) -> Iterator[Finding]:
    """What there is to say of each, side by side, in the file's order."""
    if clusters.unlisted is not None:
        yield from _of_any("other clusters", settings, clusters.unlisted)
    if not clusters.named:
        return
    with ThreadPoolExecutor(min(AT_ONCE, len(clusters.named)), "checkup") as threads:
        for findings in threads.map(partial(_look_at, settings, clusters), clusters.named):
            yield from findings


def _look_at(settings: Settings, clusters: Clusters, named: Named) -> list[Finding]:
    findings = list(_of_any(named.name, settings, named.settings))
    order = sample(settings, clusters, named.settings)
    keys = looked(f"{named.name}: keys", KEYS_CURE, lambda: _keys(order, named.settings, settings.data))
    if not keys.ok:
        return [*findings, keys]
    cluster = HTCondorCluster(named.name, named.settings, settings.data.absolute() / FOLDER, CALL_S)
    try:
        return [*findings, *_ask(cluster, named, order)]
    finally:
        cluster.close()


def _of_any(name: str, settings: Settings, how: How) -> Iterator[Finding]:
    """What is seen here, without asking anybody."""
    yield looked(f"{name}: token", KNOWN_CURE, lambda: look_at_tokens(how.token_directory))
    if how.ship == "container":
        yield looked(f"{name}: image", IMAGE_CURE, lambda: look_at_image(how, settings.image_roots))
    elif how.max_jobs > MOST_BY_BUNDLE:
        says = f"max_jobs is {how.max_jobs}, but of more than {MOST_BY_BUNDLE} workers by bundle each fetches too much"
        yield Finding(f"{name}: jobs", ok=False, says=says, cure=JOBS_CURE)


def _ask(cluster: HTCondorCluster, named: Named, order: Order) -> Iterator[Finding]:
    """What it says itself."""
    reached: list[Reach] = []
    yield looked(f"{named.name}: schedd", SCHEDD_CURE, lambda: _schedd(cluster, reached))
    if not reached:
        return
    yield looked(f"{named.name}: submitting", KNOWN_CURE, lambda: _right(reached[0]))
    yield looked(f"{named.name}: slots", SLOTS_CURE, lambda: _slots(cluster, order))


def _schedd(cluster: HTCondorCluster, reached: list[Reach]) -> str:
    reach = cluster.reach()
    reached.append(reach)
    return f"HTCondor {reach.version} answers at {reach.schedd_address.lstrip('<').partition('?')[0].rstrip('>')}"


def _right(reach: Reach) -> str:
    if not reach.may_submit:
        raise ClusterRefusalError(reach.problem or "it lets nothing be submitted")
    return f"may submit, as {reach.identity}"


def _slots(cluster: HTCondorCluster, order: Order) -> str:
    found = cluster.matches(order)
    if not found.n_matching:
        raise ClusterRefusalError(f"no slot could run a job by default: {found.says}")
    return found.says


def _keys(order: Order, settings: ClusterSettings, data: Path) -> str:
    """Whether a submit description can be made of what the table says."""
    describe(order, settings, list(files_of(order, settings)), data.absolute() / FOLDER)
    return "a job can be described"


def sample(settings: Settings, clusters: Clusters, how: How) -> Order:
    """A job as scans have it that say nothing of memory; it is never submitted."""
    try:
        image = image_of(how, settings.image_roots) if how.ship == "container" else None
    except SkyDriverError:  # it is told elsewhere; all else about the cluster can be seen without
        image = None
    return Order(
        service="doctor",
        scan="none",
        submission="none",
        pool="none",
        n_jobs=1,
        memory_mb=mebibytes(find_reco(RECO).info.memory_bytes),
        disk_mb=mebibytes(DISK_BYTES),
        priority=0,
        token="",
        worker_url="",
        ca=None,
        baseline=clusters.baseline or "x86-64-v2",
        image=image,
        bundle=None if image else Bundle("0" * 64, 0),
    )
