"""Scans that were launched for external scanners, and what every document of theirs must be after each word."""

from __future__ import annotations

import json
from contextlib import closing

from api_documents import BUSY, IDLE, NOW, REQUEST, external_manifest, result, status
from external_scanner import ExternalScanner
from skydriver.api import examples
from whole_documents import settled

NSIDES = {1: 0, 4: 12}
RUNNING = {"status": "running", "state": "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO"}
PARTIAL = {"status": "running", "state": "IN_PROGRESS__PARTIAL_RESULT_GENERATED", "first_pixel": NOW}
DONE = {"status": "done", "state": "SCAN_HAS_FINAL_RESULT", "first_pixel": NOW, "ended": NOW, "fraction": 1.0}
ASKED = REQUEST | {"docker_tag": "external", "nsides": {"1": 0, "4": 12}, "worker_memory_bytes": 8_000_000_000}
ARGS = "--reco-algo pandel_mpe --nsides 1:0 4:12 --simulated-event --predictive-scanning-threshold 1 --max-reco-time 60"


def as_json(value):
    """A value as it is after it was sent: the keys of objects are texts."""
    return json.loads(json.dumps(value))


class Launched:
    """A scan that was launched for an external scanner, and what its documents must be after what was said of it."""

    def __init__(self, rc, address, **changes):
        self.body = examples.EXTERNAL_SUBMISSION | {"nsides": NSIDES, "force_new": True} | changes
        self.made = rc.request_seq("POST", "/scan", self.body)
        self.scan_id = self.made["scan_id"]
        self.address = address
        self.token = self.made["skydriver"].pop("token")
        self.changes = {}
        self.told = {}
        self.result = None
        self._rc = rc

    def scanner(self, **options):
        return closing(ExternalScanner(self.address, self.token, self.scan_id, NSIDES, **options))

    def get(self, path, **arguments):
        return self._rc.request_seq("GET", path.format(self.scan_id), arguments)

    def delete(self, path):
        return self._rc.request_seq("DELETE", path.format(self.scan_id))

    @property
    def manifest(self):
        """What its manifest must be."""
        told = {"nsides": "1:0,4:12", "request": ASKED} | self.told
        return external_manifest(self.scan_id, told=told, **{"scanner_server_args": ARGS} | self.changes)

    @property
    def status(self):
        """What its status must be."""
        told = self.manifest["skydriver"]
        words = {"status": told["status"], "progress": told["fraction"], "eta": told["seconds_left"]}
        return status(
            scan_state=told["state"].replace("STOPPED__", "ABORTED__"),
            is_deleted=self.manifest["is_deleted"],
            ewms_deactivated={"done": "FINISHED", "aborted": "ABORTED"}.get(told["status"]),
            scan_complete=told["status"] == "done",
            ewms_workforce=IDLE if told["status"] in {"done", "aborted", "failed"} else BUSY,
            told=words,
        )

    def hear(self, said):
        """Take something that was said into account, where the scan goes on."""
        if said.method == "PATCH":
            self._hear_progress(as_json(said.body))
        elif said.body["skyscan_result"]:
            self._hear_result(said.body)

    def check(self, said=None):
        """All its documents are what they must be; also what the scanner was answered with."""
        include = {"include_deleted": True}
        manifest = self.get("/scan/manifest/{}", **include)
        assert settled(manifest) == settled(self.manifest)
        assert manifest["progress"] == self.manifest["progress"]
        assert settled(self.get("/scan/{}/status")) == settled(self.status)
        if self.result is not None:
            assert settled(self.get("/scan/result/{}", **include)) == settled(self.result)
        if said is not None and said.method == "PATCH":
            assert said.answer == manifest
        elif said is not None:
            assert said.answer == (self.result if said.body["skyscan_result"] else {})

    def _hear_progress(self, body):
        if "condor_cluster" in body:
            self.changes["condor_clusters"] = [*self.changes.get("condor_clusters", []), body["condor_cluster"]]
            return
        self.changes |= body
        if not self.told:
            self.told = RUNNING

    def _hear_result(self, body):
        self.result = result(self.scan_id, body["skyscan_result"], is_final=body["is_final"])
        self.told = DONE if body["is_final"] else PARTIAL
        self.changes["complete"] = body["is_final"]
