"""A scanner that knows the contract alone does a scan that was launched for it; every answer is compared whole."""

from __future__ import annotations

import json

import pytest
from requests.exceptions import HTTPError, RequestException
from rest_tools.client import RestClient

from api_documents import as_of_2025, error
from external_scanner import ToldToStopError
from launched_scans import Launched, as_json
from postgres_server import TEMPLATE
from skydriver.testing.processes import wait_until
from skydriver.testing.service import running_service
from toy_scans import chooser
from whole_documents import settled


@pytest.fixture
def rc(either_service):
    """The client of whoever launches."""
    client = RestClient(either_service.url, token="dummy", retries=0)  # noqa: S106 - a token that nobody issued
    yield client
    client.close()


@pytest.fixture
def launch(rc, either_service):
    return lambda **changes: Launched(rc, either_service.url, **changes)


def refusal(do):
    """What a user of the client sees of something that is refused, and the document."""
    with pytest.raises(HTTPError) as caught:
        do()
    response = caught.value.response
    assert response.json() == error(response.status_code, response.reason)
    return str(caught.value).partition(" for url: ")[0]


@pytest.mark.parametrize("event_type", ["neutrino", None])
def test_a_whole_scan(launch, skyreader, event_type):
    scan = launch()
    assert settled(scan.made) == settled(scan.manifest)
    scan.check()
    assert refusal(lambda: scan.get("/scan/result/{}")).startswith("404 Client Error: ")
    heard = []
    with scan.scanner(event_type=event_type) as scanner:
        for said in scanner.run():
            heard.append(said)
            scan.hear(said)
            scan.check(said)
    assert [said.method for said in heard[:3]] == ["PATCH", "PATCH", "PUT"]
    assert heard[2].answer == {}
    assert sum(said.method == "PUT" for said in heard) > 4
    theirs = skyreader.SkyScanResult.deserialize(scan.get("/scan/result/{}")["skyscan_result"])
    assert theirs.min_llh == pytest.approx(1000.1)
    assert (int(theirs.best_fit["index"]), theirs.nsides) == (3, [1, 4])
    assert theirs.get_event_metadata().event_type == event_type


def test_a_whole_scan_by_the_routes_of_2025(launch):
    scan = launch()
    with scan.scanner(generation=2025) as scanner:
        for said in scanner.run():
            scan.hear(said)
            scan.check()
            manifest = as_of_2025(scan.manifest)
            if said.method == "PATCH":
                event = {"event_i3live_json_dict": scan.manifest["event_i3live_json_dict"]}
                assert settled(said.answer) == settled(manifest | event)
            elif said.body["skyscan_result"]:
                whole = {"manifest": manifest, "result": scan.result}
                assert settled(scan.get("/scan/{}")) == settled(whole)
                assert said.answer == scan.result
            else:
                assert said.answer == scan.get("/scan/{}/result") == {}
    assert scan.told["status"] == "done"


def test_a_real_alert_is_inlined_for_its_scanner(launch, shared):
    text = (shared / "events" / "138632_31747601.json").read_text()
    scan = launch(event_i3live_json=text, real_or_simulated_event="real")
    with scan.scanner() as scanner:
        found = scanner.event_metadata()
        said = list(scanner.run())
    assert (found["run_id"], found["event_id"], found["is_real_event"]) == (138632, 31747601, True)
    assert scan.get("/scan/manifest/{}")["event_i3live_json_dict"] == json.loads(text)
    assert said[-1].answer["event_metadata"] == found
    assert scan.get("/scan/{}/status")["scan_complete"] is True


def reaches(scan):
    """Whether its manifest can be had."""
    try:
        return scan.get("/scan/manifest/{}")
    except RequestException:
        return None


def until_told(words):
    """What a scanner says until it is told to stop, which it must be."""
    while True:
        try:
            yield next(words)
        except ToldToStopError:
            return


def told_to_stop(scanner, until, then):
    """Let a scanner run, do something after its `until`-th word, and count the words that it says after."""
    words = scanner.run()
    for _ in range(until):
        next(words)
    then()
    return len(list(until_told(words)))


@pytest.mark.parametrize("listens_to", ["status", "manifest"])
@pytest.mark.parametrize("until", [1, 6])
def test_an_abort_reaches_it(launch, listens_to, until):
    scan = launch()
    with scan.scanner(listens_to=listens_to) as scanner:
        after = told_to_stop(scanner, until, lambda: scan.delete("/scan/manifest/{}"))
        assert after <= 2
        state = "WAITING_ON_FIRST_PIXEL_RECO" if until == 1 else "PARTIAL_RESULT_GENERATED"
        stopped = scan.get("/scan/manifest/{}", include_deleted=True)
        assert stopped["skydriver"]["state"] == f"STOPPED__{state}"
        assert (stopped["complete"], stopped["is_deleted"]) == (True, True)
        assert refusal(lambda: scan.get("/scan/manifest/{}")).startswith("404 Client Error: scan_id: the manifest of ")
        late = scanner.progress("too late")
        assert late.answer["progress"] == as_json(late.body["progress"])
        assert late.answer["skydriver"]["state"] == f"STOPPED__{state}"
        assert scanner.results == {} or scanner.result().answer["is_final"] is False
        assert scan.get("/scan/{}/status")["ewms_deactivated"] == "ABORTED"


def test_one_that_was_silent_for_too_long_is_told_to_stop(tmp_path):
    with running_service(tmp_path / "service", external_timeout_s=1.0) as running:
        client = RestClient(running.url, retries=0)
        scan = Launched(client, running.url)
        with scan.scanner() as scanner:
            words = scanner.run()
            next(words)
            wait_until(lambda: scan.get("/scan/{}/status")["scan_state"].startswith("FAILED__"), "it has failed")
            with pytest.raises(ToldToStopError):
                list(words)
            told = scan.get("/scan/{}/status")
            assert (told["ewms_deactivated"], told["skydriver"]["code"]) == ("ABORTED", "scanner_silent")
            assert scanner.progress("late").answer["complete"] is True
        client.close()


def test_a_database_that_is_away_is_no_reason_to_stop_nor_to_miss_an_abort(own_postgres, tmp_path):
    database_url = own_postgres.url(own_postgres.copy(TEMPLATE))
    with running_service(tmp_path / "service", database_url=database_url) as running:
        client = RestClient(running.url)
        scan = Launched(client, running.url)
        with scan.scanner() as scanner:
            words = scanner.run()
            scan.hear(next(words))
            scanner.heed()
            own_postgres.stop()
            scanner.heed()
            own_postgres.start()
            wait_until(lambda: reaches(scan), "the database answers again")
            scan.check()
            scan.delete("/scan/manifest/{}")
            with pytest.raises(ToldToStopError):
                scanner.heed()
        client.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_words_that_come_in_another_order_and_more_than_once_are_the_same_scan(launch, seed):
    dice = chooser(seed)
    with launch().scanner() as scanner:
        words = [*scanner.run(), scanner.condor_cluster(1, 5), scanner.condor_cluster(2, 5)]
    scan = launch()
    dice.shuffle(words)
    replayed = [word for word in words for _ in range(dice.randint(1, 2))]
    dice.shuffle(replayed)
    with scan.scanner() as other:
        for word in replayed:
            other.repeat(word)
    final = next(word for word in words if word.body.get("is_final"))
    scan.hear(final)
    last = [word for word in replayed if "progress" in word.body][-1]
    metadata = last.body["scan_metadata"] | {"scan_id": scan.scan_id}
    scan.changes |= as_json(last.body) | {"scan_metadata": as_json(metadata)}
    clusters = [word.body["condor_cluster"] for word in replayed if "condor_cluster" in word.body]
    scan.changes["condor_clusters"] = [this for k, this in enumerate(clusters) if this not in clusters[:k]]
    scan.check()


def test_metadata_are_written_once(launch):
    scan = launch()
    with scan.scanner() as scanner:
        first = next(scanner.run())
        scan.hear(first)
        sent = first.body
        assert scanner.send(as_json(sent)).answer == first.answer  # a scanner that read it from its own file
        for name, member in [
            ("scan_metadata", {"nside_progression": {"1": 0}}),
            ("scan_metadata", {"position_variations": 1}),
            ("event_metadata", {"event_id": 22}),
            ("event_metadata", {"is_real_event": True}),
        ]:
            other = sent | {"progress": sent["progress"] | {"summary": "other"}, name: sent[name] | member}
            told = refusal(lambda body=other: scanner.send(body))
            assert told == f"400 Client Error: {name}: it differs from what was written once"
        scan.check()


def test_a_final_result_stays_whatever_comes_after(launch):
    scan = launch()
    with scan.scanner() as scanner:
        words = list(scanner.run())
        for word in words:
            scan.hear(word)
        scan.check()
        partials = [word for word in words if word.method == "PUT" and not word.body["is_final"]]
        for late in partials:
            told = scanner.repeat(late).answer
            assert told == (scan.result if late.body["skyscan_result"] else {})
        empty = partials[0].body | {"is_final": True}
        assert empty["skyscan_result"] == {}
        assert scanner.send(empty, "PUT").answer == {}
        scan.check()

        deleted = scan.delete("/scan/result/{}")
        assert deleted == scan.result | {"is_deleted": True}
        assert scan.delete("/scan/manifest/{}")["is_deleted"] is True
        assert scanner.result().answer == deleted
        said = scanner.progress("After its deletion.")
        scan.result = deleted
        scan.changes |= as_json(said.body) | {"is_deleted": True}
        scan.check(said)


def test_its_token_is_for_its_scan_alone(launch):
    scan, other = launch(), launch()
    with scan.scanner() as scanner:
        list(scanner.run())
        scan_paths = [f"/scan/manifest/{scan.scan_id}", f"/scan/result/{scan.scan_id}"]
        other_paths = [f"/scan/manifest/{other.scan_id}", f"/scan/result/{other.scan_id}"]
        found = "/scans?run_id=1&event_id=21&is_real_event=false"
        reading = [("GET", path) for path in (*other_paths, f"/scan/{other.scan_id}/status", found)]
        writing = [("PATCH", other_paths[0]), ("PUT", other_paths[1]), ("POST", "/scan")]
        deleting = [("DELETE", path) for path in (*scan_paths, *other_paths)]
        for method, path in [*reading, *writing, *deleting]:
            told = refusal(lambda method=method, path=path: scanner.ask(method, path, as_json(scan.body)))
            assert told == f"403 Client Error: Authorization: this token is for scan {scan.scan_id} alone", path
        assert refusal(lambda: scanner.ask("POST", "/workers/register", {})).startswith("403 Client Error: ")
    before = settled(other.made)
    assert settled(other.get("/scan/manifest/{}")) == before
    assert scan.get("/scan/manifest/{}")["is_deleted"] is False


def test_a_token_that_is_not_known_reports_nothing(launch):
    scan = launch()
    scan.token = "x" * 43
    with scan.scanner() as scanner:
        told = "401 Client Error: Authorization: this token is not known here, or it has expired"
        scanner.event_metadata()
        assert refusal(lambda: scanner.progress("Hello.")) == told
        assert refusal(scanner.result) == told
    scan.check()


def test_launching_it_again_makes_another_token_and_both_are_good(rc, launch):
    scan = launch(force_new=False, priority=7)
    again = rc.request_seq("POST", "/scan", as_json(scan.body))
    assert again["scan_id"] == scan.scan_id
    tokens = [scan.token, again["skydriver"].pop("token")]
    assert tokens[0] != tokens[1]
    for token in tokens:
        scan.token = token
        with scan.scanner() as scanner:
            assert next(scanner.run()).answer["skydriver"]["status"] == "running"
