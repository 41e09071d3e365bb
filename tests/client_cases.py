"""Scans that the public client asks for, and what every document of theirs must be."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from api_documents import NOW, REQUEST, manifest, status
from skydriver.api import examples

if TYPE_CHECKING:
    from pathlib import Path

NAN = "<skyreader.nan>"
CLUSTER = [{"collector": "local", "schedd": "local", "njobs": 2}]


@dataclass(frozen=True)
class Case:
    """A scan, as somebody asks for it, and what is known of it."""

    event: Any
    sent: Any
    """The event as it is sent: an object or a text."""
    metadata: dict[str, Any]
    reco: str
    nsides: dict[int, int]
    words: str
    """For real or simulated."""
    event_hash: str
    by: str
    """The client's way to send: ``request`` (a coroutine) or ``request_seq``."""

    @property
    def body(self):
        return {
            "docker_tag": "latest",
            "memory": "8GB",
            "cluster": CLUSTER,
            "reco_algo": self.reco,
            "event_i3live_json": self.sent,
            "nsides": self.nsides,
            "real_or_simulated_event": self.words,
            "predictive_scanning_threshold": 1.0,
            "max_reco_time": 60,
        }

    @property
    def found(self):
        """With what it is looked for."""
        return {name: self.metadata[name] for name in ("run_id", "event_id", "is_real_event")}

    @property
    def asked(self):
        """What was asked for, as it is told."""
        return REQUEST | {
            "reco_algo": self.reco,
            "nsides": {str(nside): extension for nside, extension in self.nsides.items()},
            "real_or_simulated_event": f"{self.words}_event",
            "i3_event_id": self.event_hash,
            "worker_memory_bytes": 8_000_000_000,
        }

    @property
    def stages(self):
        return [f"{nside}:{extension}" for nside, extension in self.nsides.items()]

    def manifest(self, scan_id, *, told=None, **changes):
        """As it is when the scan was just launched, but for changes."""
        args = f"--reco-algo {self.reco} --nsides {' '.join(self.stages)} --{self.words}-event"
        ours = {"reco": self.reco, "nsides": ",".join(self.stages), "request": self.asked}
        known = {
            "event_i3live_json_dict": self.event,
            "event_metadata": self.metadata,
            "scanner_server_args": f"{args} --predictive-scanning-threshold 1 --max-reco-time 60",
        }
        return manifest(scan_id, told=ours | (told or {}), **known | changes)


def example_case() -> Case:
    """The bundled event, with a slow reconstruction."""
    return Case(
        event=examples.EVENT,
        sent=examples.EVENT,
        metadata={"run_id": 1, "event_id": 21, "event_type": "", "mjd": 60676.0, "is_real_event": False},
        reco="dummy:5:0.02",
        nsides={1: 0, 4: 12},
        words="simulated",
        event_hash=REQUEST["i3_event_id"],
        by="request_seq",
    )


def alert_case(path: Path) -> Case:
    """The alert IC231202A, as the public example script sends it: a text."""
    text = path.read_text().strip()
    seen = {"run_id": 138632, "event_id": 31747601, "event_type": "", "mjd": 60280.71416774572, "is_real_event": True}
    return Case(
        event=json.loads(text),
        sent=text,
        metadata=seen,
        reco="pandel_mpe",
        nsides={8: 0, 64: 12},
        words="real",
        event_hash="0fa784517773beb8e4eb7a9d76df1869b82e25132b30b12e5ad1b237eb0dae1b",
        by="request",
    )


@dataclass(frozen=True)
class Reference:
    """What the same scan leaves without a service."""

    skymap: dict[str, Any]
    provenance: dict[str, Any]
    summary: dict[str, Any]
    n_fits: int

    @property
    def n_pixels(self):
        return sum(len(stage["data"]) for stage in self.skymap.values())

    @property
    def best(self):
        """The best fit, in short."""
        return {name: self.summary["best_fit"][name] for name in ("nside", "pixel", "llh")}

    @property
    def status(self):
        """Of the finished scan."""
        pixels = {"pixels_done": self.n_pixels, "pixels_total": self.n_pixels, "best": self.best}
        ended = {"status": "done", "progress": 1.0, "eta": 0.0, "fits_done": self.n_fits}
        how = {"scan_state": "SCAN_HAS_FINAL_RESULT", "ewms_deactivated": "FINISHED", "scan_complete": True}
        return status(**how, told=ended | pixels)

    def result(self, scan_id):
        """The final result of the same scan."""
        return {
            "scan_id": scan_id,
            "is_deleted": False,
            "skyscan_result": self.skymap,
            "is_final": True,
            "skydriver": {"provenance": self.provenance, "answer": self.summary},
        }

    def partial_result(self, scan_id, skymap):
        """Its result while some of its pixels are finished."""
        told = {"provenance": self.provenance | {"partial": True}, "answer": None}
        return self.result(scan_id) | {"skyscan_result": skymap, "is_final": False, "skydriver": told}


def reference_of(case, scan):
    """What the command, in a folder of its own, makes of a case."""
    (scan.folder / "event.json").write_text(json.dumps(case.event))
    options = ("--reco", case.reco.removesuffix(":0.02"), "--nsides", ",".join(case.stages), "--max-reco-time", "60")
    answer = scan.json("scan", "event.json", *options, "--workers", "2", "--out", "out")
    files = {path.name.split(".", 3)[3]: path for path in (scan.folder / "out").glob("*.json")}
    return Reference(*(json.loads(files[name].read_text()) for name in sorted(files)), answer["n_fits"])


def as_launched(document):
    """A manifest as if the scan's turn had not come; it may have, at any moment."""
    told = document["skydriver"]
    assert (told["status"], told["state"]) in {
        ("queued", "PENDING__PRESTARTUP"),
        ("preparing", "PENDING__WAITING_ON_SCANNER_SERVER_STARTUP"),
        ("starting", "PENDING__WAITING_ON_CLUSTER_STARTUP"),
    }
    as_new = told | {"status": "queued", "state": "PENDING__PRESTARTUP", "launched": None}
    return document | {"skydriver": as_new}


def progress(tallies, **stats):
    """How far a scan is, as a manifest tells it."""
    shape = {
        "start": {"scanner start": ""},
        "runtime": {"elapsed": ""},
        "rate": {"per fit": ""},
        "predictions": {"time left": "", "total fits": 0},
    }
    return {
        "summary": "",
        "epilogue": "",
        "tallies": tallies,
        "processing_stats": shape | stats,
        "predictive_scanning_threshold": 1.0,
        "last_updated": "",
        "start": NOW,
    }


def running_manifest(case, scan_id, tallies):
    """The manifest while pixels are being finished."""
    told = {
        "status": "running",
        "state": "IN_PROGRESS__PARTIAL_RESULT_GENERATED",
        "launched": NOW,
        "first_pixel": NOW,
        "seconds_left": 1.0,
        "pixels_done": 1,
        "pixels_total": 1,
        "best": {"nside": 1, "pixel": 1, "llh": 1.0},
    }
    return case.manifest(scan_id, progress=progress(tallies), told=told)


def done_manifest(case, reference, scan_id, tallies):
    """The manifest of the finished scan."""
    n_pixels, n_fits = reference.n_pixels, reference.n_fits
    stats = {"end": "", "finished": True, "predictions": {"time left": "", "total fits": n_fits}}
    how_far = progress(tallies, **stats) | {"summary": f"{n_pixels} of {n_pixels} pixels, {n_fits} fits", "end": NOW}
    told = {
        "status": "done",
        "state": "SCAN_HAS_FINAL_RESULT",
        "fraction": 1.0,
        "seconds_left": 0.0,
        "pixels_done": reference.n_pixels,
        "pixels_total": reference.n_pixels,
        "fits_done": n_fits,
        "best": reference.best,
        "launched": NOW,
        "first_pixel": NOW,
        "ended": NOW,
        "answer": reference.summary,
    }
    return case.manifest(scan_id, progress=how_far, told=told, complete=True)


def read_as_theirs(skyreader, skymap):
    """What the public reader finds in a map: every row, and the lowest value; its pixel, and where that is, degrees."""
    from skyreader.utils.handle_map_data import extract_map

    result = skyreader.SkyScanResult.deserialize(skymap)
    for name, stage in skymap.items():
        sent = [[np.nan if value == NAN else value for value in row] for row in stage["data"]]
        np.testing.assert_array_equal(np.array(result.result[name].tolist()), np.array(sent))
        assert dict(result.result[name].dtype.metadata) == stage["metadata"]
    rows = {nside: {row[0]: row[1] for row in skymap[f"nside-{nside}"]["data"]} for nside in result.nsides}
    lowest = min(llh for stage in rows.values() for llh in stage.values())
    assert result.min_llh == lowest
    *_, sky, _ = extract_map(result, remove_min_val=False)
    finest = rows[max(rows)]
    assert sky[list(finest)] == pytest.approx([2.0 * llh for llh in finest.values()], rel=1e-12)
    return int(result.best_fit["index"]), np.degrees(result.best_dir)
