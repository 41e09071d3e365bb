"""What POST /scan asks for: every argument read and checked, but for the event itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skydriver.clusters.images import EXTERNAL
from skydriver.errors import SettingError
from skydriver.recos.registry import find_reco
from skydriver.scan.progression import parse_nsides
from skydriver.services.json_values import told
from skydriver.services.preparation import ScanRequest
from skydriver.services.projection import read_projection
from skydriver.services.requested_clusters import NOWHERE, Cluster, Places, is_all_local, parse_clusters, place
from skydriver.services.scan_arguments import EVENT, PROJECTION, Arguments, whole
from skydriver.services.scan_labels import Scalar, parse_classifiers, parse_debug_mode, parse_environment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skydriver.clusters.configured import Clusters
    from skydriver.clusters.images import Catalogue, Image
    from skydriver.recos.base import RecoInfo
    from skydriver.scan.progression import Progression

REAL = ("real", "real_event")
SIMULATED = ("sim", "simulated", "simulated_event")
GB = 10**9
DISK_BYTES = GB
SERVER_MEMORY_BYTES = 1_024_000_000
EXTERNAL_MEMORY_BYTES = 8 * GB
"""Of an external scanner's workers, as the API of 2023 has it."""
EXTERNAL_RECO_TIME_S = 3600.0
"""Shown where an external scan says nothing; the service itself does not time it."""
MAX_RECO = 200
MAX_STAGES = 30
PRIORITIES = -(2**31), 2**31 - 1
FIT_SECONDS = 0.001, 1e6
ONLY_SHOWN = (
    "worker_memory_bytes",
    "worker_disk_bytes",
    "scanner_server_memory_bytes",
    "scanner_server_env",
    "debug_mode",
)
"""Arguments that local workers keep to by themselves or have no use for: a scan's manifest shows them, no more."""
OF_JOBS = ("worker_memory_bytes", "worker_disk_bytes")
"""Of these, jobs on clusters ask for what they say."""


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """One request, read. Defaults are filled in; sizes are bytes, times seconds."""

    generation: int
    """Of the API: 2023 or 2025."""
    docker_tag: str
    """As asked for: ``latest`` stays ``latest``."""
    image: Image
    reco: str
    progression: Progression
    is_real: bool
    clusters: tuple[Cluster, ...]
    """None of an external scan may be ours, and it may have none."""
    places: Places
    """Where its workers are to be; nowhere for an external scan."""
    worker_memory_bytes: int
    worker_disk_bytes: int
    scanner_server_memory_bytes: int
    threshold: float
    """Predictive scanning threshold."""
    max_reco_time_s: float
    priority: int
    classifiers: dict[str, Scalar]
    debug_mode: bool | list[str]
    environment: dict[str, Scalar]
    force_new: bool

    @property
    def is_external(self) -> bool:
        """Whether a program elsewhere scans."""
        return self.image.engine == EXTERNAL

    def scan_request(self) -> ScanRequest:
        """The same for `skydriver.services.preparation.prepare`; not of external scans, whose algorithm is unknown."""
        return ScanRequest(self.reco, str(self.progression), self.threshold, self.max_reco_time_s)

    def request(self, event: str) -> dict[str, object]:
        """As it is stored, and accepted back by POST /scan; `event` is the event's hash."""
        return {
            "docker_tag": self.docker_tag,
            "reco_algo": self.reco,
            "nsides": {str(nside): extension for nside, extension in self.progression.stages},
            "real_or_simulated_event": "real_event" if self.is_real else "simulated_event",
            "cluster": self.cluster_list(),
            "i3_event_id": event,
            "worker_memory_bytes": self.worker_memory_bytes,
            "worker_disk_bytes": self.worker_disk_bytes,
            "scanner_server_memory_bytes": self.scanner_server_memory_bytes,
            "predictive_scanning_threshold": self.threshold,
            "max_pixel_reco_time": self.max_reco_time_s,
            "priority": self.priority,
            "classifiers": self.classifiers,
            "debug_mode": self.debug_mode,
            "scanner_server_env": self.environment,
        }

    def cluster_list(self) -> list[object]:
        """The clusters as they were asked for, always as a list."""
        return [cluster.as_given() for cluster in self.clusters]


def read_order(arguments: Mapping[str, object], catalogue: Catalogue, configured: Clusters) -> ScanOrder:
    """Read everything but the event; `configured` are the clusters that there are.

    Raises
    ------
    SettingError
        Naming the argument that is at fault, as it was given.
    ImpossibleError
        If the image is there, but of no use here.
    """
    given = Arguments(arguments)
    docker_tag = given.text("docker_tag")
    image = catalogue.resolve(docker_tag)
    external = image.engine == EXTERNAL
    reco = _reco(given, external=external)
    info = None if external else find_reco(reco).info
    cluster_argument, clusters = _clusters(given, external=external)
    memory_bytes = given.size("worker_memory_bytes", info.memory_bytes if info else EXTERNAL_MEMORY_BYTES)
    read_projection(*given.find(PROJECTION), given.generation)  # of what is answered; here it is refused if it is wrong
    given.flag("dry_run")  # who asks looked at it already; here it is refused if it is neither true nor false
    return ScanOrder(
        generation=given.generation,
        docker_tag=docker_tag,
        image=image,
        reco=reco,
        progression=_progression(given),
        is_real=_is_real(given),
        clusters=clusters,
        places=NOWHERE if external else place(cluster_argument, clusters, configured, memory_bytes),
        worker_memory_bytes=memory_bytes,
        worker_disk_bytes=given.size("worker_disk_bytes", DISK_BYTES),
        scanner_server_memory_bytes=given.size("scanner_server_memory_bytes", SERVER_MEMORY_BYTES),
        threshold=given.number("predictive_scanning_threshold", 1.0, 0.1, 1.0),
        max_reco_time_s=given.number("max_pixel_reco_time", _fit_limit(info), *FIT_SECONDS),
        priority=given.integer("priority", 0, *PRIORITIES),
        classifiers=parse_classifiers(*given.find("classifiers")),
        debug_mode=parse_debug_mode(*given.find("debug_mode")),
        environment=parse_environment(*given.find("scanner_server_env")),
        force_new=given.flag("force_new"),
    )


def event_source(arguments: Mapping[str, object]) -> tuple[str, object]:
    """Under which name the event came, and what: the event itself, or the hash of one that is stored.

    Raises
    ------
    SettingError
        If there is neither or both.
    """
    event, stored = arguments.get(EVENT), arguments.get("i3_event_id")
    if event is not None and stored is not None:
        raise SettingError(EVENT, "is given, and i3_event_id too; one of them says which event it is")
    if stored is not None:
        return "i3_event_id", stored
    if event is None:
        raise SettingError(EVENT, "is missing, and i3_event_id too")
    return EVENT, event


def request_hash(generation: int, request: Mapping[str, object]) -> str:
    """Equal for requests that ask for the same, however they are written."""
    text = json.dumps([generation, request], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def only_shown(request: Mapping[str, object]) -> list[str]:
    """Arguments of a stored request that differ from what they are by default and that local workers do not heed."""
    if request["docker_tag"] == EXTERNAL:
        return []
    defaults: dict[str, object] = {
        "worker_memory_bytes": _memory_of(str(request["reco_algo"])),
        "worker_disk_bytes": DISK_BYTES,
        "scanner_server_memory_bytes": SERVER_MEMORY_BYTES,
        "scanner_server_env": {},
        "debug_mode": False,
    }
    heeded = () if is_all_local(request["cluster"]) else OF_JOBS
    return [name for name in ONLY_SHOWN if request[name] != defaults[name] and name not in heeded]


def _memory_of(reco: str) -> int | None:
    """What an algorithm needs; None of one that there is no more."""
    try:
        return find_reco(reco).info.memory_bytes
    except SettingError:
        return None


def _reco(given: Arguments, *, external: bool) -> str:
    """The algorithm's name with its options: one of ours, or any of an external scanner."""
    reco = given.text("reco_algo")
    if len(reco) > MAX_RECO:
        raise SettingError("reco_algo", f"{told(reco)} is longer than {MAX_RECO} characters")
    if not external:
        try:
            find_reco(reco)
        except SettingError as error:
            raise SettingError("reco_algo", error.problem) from error
    return reco


def _progression(given: Arguments) -> Progression:
    """The stages; nothing in them is larger than a sentence about it may be."""
    argument, value = given.required("nsides")
    if not isinstance(value, str | dict | list):
        raise SettingError(argument, f"is {told(value)}, not an object like {{8: 0, 64: 12, 512: 24}}")
    n_stages = value.count(",") + 1 if isinstance(value, str) else len(value)
    if n_stages > MAX_STAGES:
        raise SettingError(argument, f"has {n_stages} stages, more than {MAX_STAGES}")
    wrong = next((part for part in _numbers_in(value) if whole(part) is None), None)
    if wrong is not None:
        raise SettingError(argument, f"holds {told(wrong)}, not only whole numbers")
    return parse_nsides(value)


def _numbers_in(value: str | dict[str, object] | list[object]) -> list[object]:
    """What must be whole numbers in stages that came as an object or as a list of pairs."""
    if isinstance(value, str):
        return []
    if isinstance(value, dict):
        return [*value, *value.values()]
    return [part for pair in value for part in (pair if isinstance(pair, list) else [pair])]


def _is_real(given: Arguments) -> bool:
    argument, value = given.required("real_or_simulated_event")
    if value not in (*REAL, *SIMULATED):
        raise SettingError(argument, f"is {told(value)}, not one of {', '.join((*REAL, *SIMULATED))}")
    return value in REAL


def _clusters(given: Arguments, *, external: bool) -> tuple[str, tuple[Cluster, ...]]:
    """The argument's name, and what it holds; external scans start nothing, so that they need none."""
    argument, value = given.find("cluster") if external else given.required("cluster")
    return argument, () if value is None or (external and value == []) else parse_clusters(argument, value)


def _fit_limit(info: RecoInfo | None) -> float:
    return EXTERNAL_RECO_TIME_S if info is None else info.max_reco_time_s
