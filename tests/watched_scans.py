"""Scans on pools, looked at from both sides while they run: what the service tells, and what the pools' queues hold."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from condor_pools import ROOT, eventually
from pool_scans import ENDS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

GONE_S = 15.0
"""Jobs have left every queue so soon after the end of their scan."""
STATUSES = {1: "IDLE", 2: "RUNNING", 3: "REMOVED", 4: "COMPLETED", 5: "HELD", 6: "TRANSFERRING_OUTPUT"}
SPOOLING = 16
"""Why a job is held whose files are on their way."""
REQUEST = {"docker_tag": "latest", "reco_algo": "pandel_mpe", "real_or_simulated_event": "real", "force_new": True}
WORKERS = ("python3", "python3.13")


def request(event: Path, clusters: object, **given: object) -> dict[str, object]:
    """Arguments of POST /scan for an event in a file."""
    body = REQUEST | {"cluster": clusters, "nsides": {"8": 0, "64": 12}}
    return body | {"event_i3live_json": json.loads(event.read_text())} | given


def jobs(pool, scan_id: str) -> list[dict]:
    """The ads of a scan's jobs in a pool's queue."""
    return [ad for ad in pool.queue() if ad.get("SkyDriverScanId") == scan_id]


def ever(pool, scan_id: str) -> list[tuple[int, int]]:
    """Cluster and process of all jobs that a scan ever had in a pool."""
    past = json.loads(pool.run("condor_history", "-json").stdout or "[]")
    ads = [ad for ad in past if ad.get("SkyDriverScanId") == scan_id] + jobs(pool, scan_id)
    return sorted({(ad["ClusterId"], ad["ProcId"]) for ad in ads})


def statuses(ads: list[dict]) -> dict[str, int]:
    """Numbers of jobs by status, of jobs by their ads."""
    found = [
        "IDLE" if ad["JobStatus"] == 5 and ad["HoldReasonCode"] == SPOOLING else STATUSES[ad["JobStatus"]] for ad in ads
    ]
    return {status: found.count(status) for status in sorted(set(found))}


class Sight(NamedTuple):
    """Both sides at about one moment."""

    ads: dict[str, list[dict]]
    """By schedd."""
    condor_clusters: list[dict]
    workforce: dict

    @property
    def agrees(self) -> bool:
        """Whether both tell the same of jobs, by cluster id."""
        told = {(one["schedd"], one["cluster_id"]): one["statuses"] for one in self.condor_clusters}
        ids = {(schedd, ad["ClusterId"]) for schedd, ads in self.ads.items() for ad in ads}
        held = {
            (schedd, number): statuses([ad for ad in self.ads[schedd] if ad["ClusterId"] == number])
            for schedd, number in ids
        }
        return told == held


def look(client, scan_id: str, pools) -> Sight:
    """Look once: at the queues first and last, which must not change meanwhile."""
    while True:
        before = {pool.schedd: jobs(pool, scan_id) for pool in pools}
        told = client.manifest(scan_id, include_deleted=True)["condor_clusters"]
        sight = Sight(before, told, client.workforce(scan_id))
        after = {pool.schedd: jobs(pool, scan_id) for pool in pools}
        if _brief(before) == _brief(after):
            return sight


def _brief(ads: dict[str, list[dict]]) -> list:
    return [(schedd, ad["ClusterId"], ad["ProcId"], ad["JobStatus"]) for schedd, some in ads.items() for ad in some]


def await_running(client, scan_id: str, n: int, timeout_s: float = 40.0) -> None:
    """Wait until so many workers fit a scan."""

    def runs():
        found = client.workforce(scan_id)
        assert not client.status(scan_id)["scan_state"].startswith(ENDS), found
        return found["n_running"] >= n

    eventually(runs, timeout_s, pause_s=0.1)


def await_gone(pools, scan_id: str, timeout_s: float = GONE_S) -> float:
    """Wait until no queue holds a job of a scan and nothing of it runs; after how many seconds that is."""
    begun = time.monotonic()

    def are_gone():
        return not any(jobs(pool, scan_id) or payloads_of(pool, scan_id) for pool in pools)

    eventually(are_gone, timeout_s, pause_s=0.1)
    return time.monotonic() - begun


def payloads_of(pool, scan_id: str) -> list[int]:
    """Workers that run in a pool, where no other scan has any there."""
    others = [ad for ad in pool.queue() if ad.get("SkyDriverScanId") != scan_id]
    return [] if others else [pid for name in WORKERS for pid in pool.payloads(name)]


def map_of(client, scan_id: str) -> bytes:
    """The map and what it was made from, as bytes: all of the result but what names its scan or tells its cost."""
    result = client.result(scan_id)
    assert result["is_final"] is True
    return json.dumps([result["skyscan_result"], result["skydriver"]["provenance"]]).encode()


def pool_folder(pool, part: str) -> Path:
    """A folder of a pool's machine: spool, execute, log."""
    return ROOT / "pools" / pool.name / part


def of_2023(pool, njobs: int, host: str = "127.0.0.1") -> dict[str, object]:
    """A pool as requests of 2023 name it."""
    port = pool.collector.rpartition(":")[2]
    return {"collector": f"{host}:{port}", "schedd": pool.schedd, "njobs": njobs}


def files_below(folder: Path) -> Iterator[Path]:
    """Files of a folder in which jobs begin and end meanwhile; what a bundle holds is left out."""
    for top, folders, files in os.walk(folder):
        if "lib" in folders:
            folders.remove("lib")
        yield from (Path(top, name) for name in files)


def token_files(pool) -> dict[Path, str]:
    """Tokens that jobs have in the spool or beside them, with the path of each."""
    found = {}
    for part in ("spool", "execute"):
        for path in files_below(pool_folder(pool, part)):
            if path.name == "token":
                with suppress(OSError):  # its job ended meanwhile
                    found[path] = path.read_text().strip()
    return found


def holding(folder: Path, words: Collection[str]) -> list[tuple[str, int]]:
    """Files below a folder that hold any of the words, with their modes."""
    found = []
    for path in files_below(folder):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink() and any(word.encode() in path.read_bytes() for word in words):
                found.append((str(path), path.stat().st_mode & 0o777))
    return found


def everybodys_words() -> str:
    """The commands of all processes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace"))
    return "\n".join(found)
