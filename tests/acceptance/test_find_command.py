"""Finding scans of a service by command, and scanning them again."""

from __future__ import annotations

import json

import pytest

from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service

QUICK = ("--reco", "dummy:3", "--nsides", "1:0")
UNKNOWN = "0123456789ax0123456789abcdef"


@pytest.fixture
def skydriver(here):
    return here


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running_service(tmp_path_factory.mktemp("service"), workers=1) as running:
        yield running


@pytest.fixture
def ours(skydriver, service, monkeypatch):
    """The command, which speaks with the service."""
    monkeypatch.setenv("SKYDRIVER_URL", service.url)
    return skydriver


@pytest.fixture(scope="module")
def scans(service):
    """Ids of scans: done, failed, aborted, of another event, and one that an external scanner has."""
    from skydriver.api import examples

    body = examples.SUBMISSION | {"reco_algo": "dummy:3", "nsides": {"1": 0}, "force_new": True}
    with service.client() as client:

        def launched(**changes):
            return client.submit(body | changes)["scan_id"]

        def has_ended(name):
            return client.status(found[name])["skydriver"]["status"] in {"done", "failed"}

        found = {
            "done": launched(classifiers={"who": "me", "n": 3, "text": "4"}, priority=7),
            "failed": launched(reco_algo="crash_dummy:1:error", nsides={"8": 0}, classifiers={"who": "you"}),
            "aborted": launched(docker_tag="external", classifiers={"who": "me"}),
            "external": launched(docker_tag="external"),
        }
        client.abort(found["aborted"])
        for name in ("done", "failed"):
            wait_until(lambda name=name: has_ended(name), f"{name} has ended")
    return found


@pytest.fixture
def found(ours, scans):
    """A function from options to the names of the scans that they find, in their order."""
    names = {scan_id: name for name, scan_id in scans.items()}

    def names_of(*options):
        done = ours("find", "--ids", *options)
        assert done.returncode == 0, done.stderr
        return [names[scan_id] for scan_id in done.stdout.splitlines() if scan_id in names]

    return names_of


def test_all_are_found_the_newest_first(found):
    assert found() == ["external", "failed", "done"]
    assert found("--deleted") == ["external", "aborted", "failed", "done"]
    assert found("--sort", "timestamp") == ["done", "failed", "external"]
    assert found("--sort", "-priority", "--status", "done", "--status", "failed") == ["done", "failed"]


def test_each_option_narrows_what_is_found(found):
    assert found("--run", "1", "--event", "21", "--simulated") == ["failed", "done"]  # the other has not said its event
    assert found("--run", "1", "--event", "22") == []
    assert found("--run", "2") == []
    assert found("--real") == []
    assert found("--status", "failed") == ["failed"]
    assert found("--status", "aborted") == []
    assert found("--status", "aborted", "--deleted") == ["aborted"]
    assert found("--owner", "local") == ["external", "failed", "done"]
    assert found("--owner", "nobody") == []
    assert found("--since", "1h") == ["external", "failed", "done"]
    assert found("--since", "2100-01-01") == []
    assert found("--classifier", "who=me") == ["done"]
    assert found("--classifier", "who=me", "--deleted") == ["aborted", "done"]
    assert found("--classifier", "who=me", "--classifier", "n=3") == ["done"]
    assert found("--classifier", "text=4") == ["done"]
    assert found("--classifier", "who=nobody") == []


def test_a_filter_of_ones_own_holds_too(found):
    assert found("--filter", '{"priority": {"$gte": 5}}') == ["done"]
    assert found("--filter", '{"$or": [{"priority": 7}, {"skydriver.code": "fits_fail"}]}') == ["failed", "done"]
    assert found("--filter", '{"priority": {"$gte": 5}}', "--status", "failed") == []


def test_people_are_shown_a_table(ours, scans):
    done = ours("find", "--status", "done", "--classifier", "who=me")
    headings, row = (line.split() for line in done.stdout.splitlines())
    assert headings == ["SCAN", "SUBMITTED", "(UTC)", "STATUS", "DONE", "PRIORITY", "RUN", "EVENT", "RECO"]
    assert (row[0], row[3:]) == (scans["done"], ["done", "100%", "7", "1", "21", "dummy:3"])
    assert "aborted, deleted" in ours("find", "--deleted", "--status", "aborted").stdout
    nothing = ours("find", "--run", "2")
    assert (nothing.returncode, nothing.stdout) == (0, "")


def test_programs_get_whole_manifests(ours, scans):
    told = ours.json("find", "--status", "done", "--classifier", "who=me")
    (manifest,) = told["manifests"]
    assert manifest["scan_id"] == scans["done"]
    assert manifest["event_i3live_json_dict"] == "use 'i3_event_id'"
    assert manifest["skydriver"]["answer"]["n_pixels"] == 12


def test_no_more_are_shown_than_is_asked_for_and_that_is_said(ours, found):
    assert found("--limit", "2") == ["external", "failed"]
    assert "more than 2" in ours("find", "--limit", "2").stderr
    assert ours("find", "--limit", "1000").stderr == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--status", "over"), "status: 'over' is not one of queued"),
        (("--since", "once"), "since: 'once' is no time"),
        (("--classifier", "x"), "classifier: 'x' is not of the form KEY=VALUE"),
        (("--filter", "["), "filter: it is not JSON"),
        (("--filter", '{"$where": "1"}'), "filter: "),
        (("--sort", "no_such_field"), "sort: "),
    ],
)
def test_what_is_refused_is_said_in_one_sentence(ours, options, says):
    done = ours("find", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {says}")
    assert done.stderr.count("\n") == 1


def test_a_scan_is_scanned_again_and_watched(ours, scans):
    answer = ours.json("rescan", scans["done"], "--wait")
    old = ours.json("get", scans["done"])
    assert answer["scan_id"] != scans["done"]
    assert answer["best_fit"] == old["best_fit"]
    (told,) = ours.json("find", "--filter", json.dumps({"scan_id": answer["scan_id"]}))["manifests"]
    assert told["classifiers"] == {"who": "me", "n": 3, "text": "4", "rescan": True, "origin_scan_id": scans["done"]}


def test_what_has_failed_is_scanned_again_with_a_key_once(ours, scans):
    one, other = (ours("rescan", scans["failed"], "--key", "again").stdout for _ in range(2))
    assert one == other != ""


def test_what_is_replaced_leads_to_what_replaced_it(ours):
    old = ours.json("submit", "example", "--reco", "dummy:4", "--nsides", "1:0")["scan_id"]
    new = ours.json("rescan", old, "--abort-first", "--replace")["scan_id"]
    (told,) = ours.json("find", "--deleted", "--filter", json.dumps({"scan_id": old}))["manifests"]
    assert told["replaced_by_scan_id"] == new
    for name in ("watch", "get"):
        done = ours(name, old, "--json")
        assert json.loads(done.stdout)["scan_id"] == new
        assert done.stderr.splitlines()[0] == f"scan {old} was replaced by {new}"
    assert ours("status", old).stdout.startswith(f"Scan {new}: done")


def test_the_backlog_of_an_idle_service_is_empty(ours):
    assert ours.json("backlog") == {"entries": []}
    assert ours("backlog").stdout == ""


@pytest.mark.parametrize("scan_id", [UNKNOWN, "../scans", ""])
def test_a_scan_that_there_is_not(ours, scan_id):
    done = ours("rescan", scan_id)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")
