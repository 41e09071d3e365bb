"""The public client, unmodified, does the workflow of 2023; the public reader of maps reads what it got."""

from __future__ import annotations

import asyncio
import time

import pytest
from requests.exceptions import HTTPError
from rest_tools.client import RestClient

from api_documents import NOW, error, status
from client_cases import (
    alert_case,
    as_launched,
    done_manifest,
    example_case,
    read_as_theirs,
    reference_of,
    running_manifest,
)
from skydriver.api import examples
from skydriver.testing.processes import wait_until
from whole_documents import settled

LIMIT_S = 120
COLUMNS = ["index", "llh", "E_in", "E_tot", "X", "Y", "Z", "T"]
WHILE_IT_RUNS = (
    *("fraction", "progress", "fits_done", "done", "wanted", "total fits", "summary"),
    *("pixels_done", "pixels_total", "nside", "pixel", "llh"),
)
"""What changes from moment to moment."""


@pytest.fixture(scope="module", params=["example", "alert"])
def case(request):
    """What is asked for."""
    if request.param == "example":
        return example_case()
    return alert_case(request.getfixturevalue("shared") / "events" / "138632_31747601.json")


@pytest.fixture(scope="module")
def reference(case, command, tmp_path_factory):
    return reference_of(case, command(tmp_path_factory.mktemp("reference")))


@pytest.fixture
def rc(either_service):
    """A client with its own settings, and a token that nobody here issued."""
    client = RestClient(either_service.url, token="dummy")  # noqa: S106 - that is the point
    yield client
    client.close()


@pytest.fixture
def ask(rc, case):
    """A function that sends a request, one way or the other."""
    if case.by == "request":
        return lambda *what: asyncio.run(rc.request(*what))
    return rc.request_seq


@pytest.fixture
def refused(ask):
    """A function that sends a request that is refused: what the user of the client sees."""

    def told(*what):
        with pytest.raises(HTTPError) as caught:
            ask(*what)
        assert caught.value.response.json() == error(caught.value.response.status_code, caught.value.response.reason)
        return str(caught.value).partition(" for url: ")[0]

    return told


def unless_unknown(look):
    """What is found, or None where that is unknown yet."""
    try:
        return look()
    except HTTPError as refusal:
        if refusal.response.status_code != 404:
            raise
    return None


def until(look, what, holds=lambda _found: True):
    """Ask until there is an answer for which something holds; a 404 is none."""
    latest = time.monotonic() + LIMIT_S
    while time.monotonic() < latest:
        found = unless_unknown(look)
        if found is not None and holds(found):
            return found
        time.sleep(0.05)
    raise TimeoutError(what)


def stats_of(manifest):
    return (manifest["progress"] or {}).get("processing_stats", {})


def check_partial(reference, skyreader, scan_id, partial):
    """The map so far: of the pixels that are finished, which are as good as they get or will be better."""
    skymap = partial["skyscan_result"]
    assert skymap.keys() <= reference.skymap.keys()
    for name, stage in skymap.items():
        whole = reference.skymap[name]
        index = [row[0] for row in stage["data"]]
        assert index == sorted(set(index))
        assert set(index) <= {row[0] for row in whole["data"]}
        assert {len(row) for row in stage["data"]} == {len(COLUMNS)}
        assert stage["columns"] == COLUMNS
        is_complete = stage["metadata"]["complete"]
        assert settled(stage["metadata"]) == settled(whole["metadata"] | {"complete": is_complete})
        assert stage.keys() == whole.keys()
    assert settled(partial) == settled(reference.partial_result(scan_id, skymap))
    read_as_theirs(skyreader, skymap)


def check_final(reference, skyreader, scan_id, final):
    assert settled(final) == settled(reference.result(scan_id))
    best = reference.summary["best_fit"]
    pixel, (ra_deg, dec_deg) = read_as_theirs(skyreader, final["skyscan_result"])
    assert pixel == best["pixel"]
    assert (ra_deg, dec_deg) == pytest.approx((best["ra_deg"], best["dec_deg"]), abs=1e-9)


def check_running(case, scan_id, running):
    tallies = running["progress"]["tallies"]
    assert tallies
    assert all(tally.keys() == {"wanted", "done"} for tally in tallies.values())
    expected = running_manifest(case, scan_id, tallies)
    assert settled(running, WHILE_IT_RUNS) == settled(expected, WHILE_IT_RUNS)


def check_tallies(reference, tallies):
    assert all(tally["wanted"] == tally["done"] > 0 for tally in tallies.values())
    assert sum(tally["done"] for tally in tallies.values()) == reference.n_fits
    for name, stage in reference.skymap.items():
        assert tallies[f"{name} round 0"] == {"wanted": len(stage["data"]), "done": len(stage["data"])}


def test_the_workflow_of_2023(case, reference, ask, refused, skyreader):
    """Launch, watch, partial result, final result, find, delete the manifest of what is finished, delete the result."""
    made = ask("POST", "/scan", case.body)
    scan_id = made["scan_id"]
    assert settled(as_launched(made)) == settled(case.manifest(scan_id))
    assert ask("POST", "/scan", case.body)["scan_id"] == scan_id
    path, result_path = f"/scan/manifest/{scan_id}", f"/scan/result/{scan_id}"

    check_partial(reference, skyreader, scan_id, until(lambda: ask("GET", result_path), "a partial result"))
    running = until(lambda: ask("GET", path), "a manifest", lambda found: "predictions" in stats_of(found))
    check_running(case, scan_id, running)
    final = until(lambda: ask("GET", result_path), "the final result", lambda found: found["is_final"])
    check_final(reference, skyreader, scan_id, final)
    manifest = ask("GET", path)
    tallies = manifest["progress"]["tallies"]
    check_tallies(reference, tallies)
    done = done_manifest(case, reference, scan_id, tallies)
    assert settled(manifest) == settled(done)
    assert settled(ask("GET", f"/scan/{scan_id}/status")) == settled(reference.status)

    event_id = case.found["event_id"]
    there, nowhere = {"event_id": event_id, "scan_ids": [scan_id]}, {"event_id": event_id, "scan_ids": []}
    assert ask("GET", "/scans", case.found) == there
    assert ask("GET", "/scans", case.found | {"is_real_event": not case.found["is_real_event"]}) == nowhere

    deleted = settled(done | {"is_deleted": True})
    for _ in range(2):
        assert settled(ask("DELETE", path)) == deleted
    hidden = f"404 Client Error: scan_id: the manifest of {scan_id} was deleted; include_deleted shows it"
    assert refused("GET", path) == hidden
    assert settled(ask("GET", path, {"include_deleted": True})) == deleted
    assert ask("GET", "/scans", case.found) == nowhere
    assert ask("GET", "/scans", case.found | {"include_deleted": True}) == there
    assert settled(ask("GET", f"/scan/{scan_id}/status")) == settled(reference.status | {"is_deleted": True})

    assert settled(ask("GET", result_path)) == settled(final)
    for _ in range(2):
        assert settled(ask("DELETE", result_path)) == settled(final | {"is_deleted": True})
    hidden = f"404 Client Error: scan_id: the result of {scan_id} was deleted; include_deleted shows it"
    assert refused("GET", result_path) == hidden
    assert settled(ask("GET", result_path, {"include_deleted": True})) == settled(final | {"is_deleted": True})


def test_what_is_aborted_while_it_runs_stops_and_keeps_its_pixels(either_service, rc, skyreader, at_rest):
    body = examples.SUBMISSION | {"reco_algo": "dummy:8:0.5", "nsides": {"8": 0}}
    scan_id = rc.request_seq("POST", "/scan", body)["scan_id"]
    path, result_path = f"/scan/manifest/{scan_id}", f"/scan/result/{scan_id}"
    until(lambda: rc.request_seq("GET", result_path), "a pixel")
    before = until(lambda: rc.request_seq("GET", path), "progress", lambda found: "predictions" in stats_of(found))
    aborted = rc.request_seq("DELETE", path)
    ended = {"status": "aborted", "state": "STOPPED__PARTIAL_RESULT_GENERATED", "ended": NOW, "seconds_left": None}
    expected = before | {"is_deleted": True, "complete": True, "skydriver": before["skydriver"] | ended}
    assert settled(aborted, WHILE_IT_RUNS) == settled(expected, WHILE_IT_RUNS)
    assert settled(rc.request_seq("DELETE", path)) == settled(aborted)
    kept = rc.request_seq("GET", result_path)
    assert (kept["is_final"], kept["is_deleted"], kept["skydriver"]["answer"]) == (False, False, None)
    n_pixels = len(kept["skyscan_result"]["nside-8"]["data"])
    assert 0 < n_pixels == aborted["skydriver"]["fits_done"] < 768
    read_as_theirs(skyreader, kept["skyscan_result"])
    told = {name: aborted["skydriver"][name] for name in ("pixels_done", "pixels_total", "best", "fits_done")}
    wanted = status(
        scan_state="ABORTED__PARTIAL_RESULT_GENERATED",
        is_deleted=True,
        ewms_deactivated="ABORTED",
        told=told | {"status": "aborted", "progress": aborted["skydriver"]["fraction"]},
    )
    assert settled(rc.request_seq("GET", f"/scan/{scan_id}/status")) == settled(wanted)
    wait_until(lambda: at_rest(either_service.fits()), "no worker goes on with what was aborted")
    assert rc.request_seq("DELETE", result_path) == kept | {"is_deleted": True}
