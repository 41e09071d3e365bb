"""Requests for scans, on both databases: each becomes one stored scan, or nothing is stored at all."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy import func, select, update

from databases import make_service, open_database
from skydriver.db.stores import events as stored_events
from skydriver.db.tables import events, scans, tokens
from skydriver.errors import EventError, InputError, SettingError, StateError
from skydriver.events.event import Pulses
from skydriver.events.shell import to_json
from skydriver.events.writer import encode_event, make_header
from skydriver.services.coordination.maps import read_state
from skydriver.services.coordination.preparing import prepare_scan
from skydriver.services.submission import dry_run, submit
from skydriver.testing.events import TOY_START, change_frame, toy_event

EVENT = json.loads(toy_event(is_real=False))
REAL_EVENT = json.loads(toy_event())
BODY = {
    "docker_tag": "latest",
    "reco_algo": "dummy:7",
    "nsides": {"8": 0, "64": 12},
    "real_or_simulated_event": "sim",
    "cluster": {"local": 2},
    "event_i3live_json": EVENT,
}
OWNER = "somebody"


def body(**changes: object) -> dict[str, object]:
    given = {**BODY, **changes}
    return {name: value for name, value in given.items() if value is not None}


def changed(**changes: object) -> dict[str, object]:
    """The toy event with another `value.data`."""
    whole = json.loads(json.dumps(EVENT))
    whole["value"]["data"].update(changes)
    return whole


def rows(service, table):
    with service.database.reading() as connection:
        return [dict(row) for row in connection.execute(select(table)).mappings()]


def count(service) -> list[int]:
    with service.database.reading() as connection:
        return [connection.execute(select(func.count()).select_from(t)).scalar_one() for t in (events, scans, tokens)]


@pytest.fixture
def sqlite_service(sqlite_url, tmp_path):
    """For what is refused before any database is asked."""
    service = make_service(sqlite_url, tmp_path)
    yield service
    service.database.close()


class Bells:
    """Counts how often it was rung."""

    def __init__(self) -> None:
        self.n = 0

    def ring(self) -> None:
        self.n += 1


class TestStored:
    def test_a_scan_is_stored_whole(self, service):
        before = count(service)
        done = submit(service, body(priority=3, memory="8GB"), OWNER, "key 1")
        (row,) = rows(service, scans)
        assert (done.scan_id, done.created, done.token, done.generation) == (row["id"], True, None, 2025)
        assert before == [0, 0, 0]
        request, clusters = json.loads(row.pop("request")), json.loads(row.pop("clusters"))
        assert clusters == request["cluster"] == [["local", 2]]
        assert request["i3_event_id"] == row["event"] == hashlib.sha256(to_json(EVENT).encode()).hexdigest()
        assert len(row.pop("request_hash")) == 64
        assert row["created"] == row.pop("updated")
        assert row.pop("rank") == row.pop("created") - 3 * 60.0
        told = {"run_id": 123456, "event_id": 42, "event_type": "", "mjd": 61100.5, "is_real_event": False}
        assert json.loads(row.pop("event_metadata")) == told
        assert row == {
            **dict.fromkeys(c.name for c in scans.c if c.nullable and c.name != "event_metadata"),
            "id": done.scan_id,
            "told_run_id": 123456,
            "told_event_id": 42,
            "status": "queued",
            "target": "done",
            "engine": "skydriver-0.1.0",
            "owner": OWNER,
            "priority": 3,
            "generation": 2025,
            "event": row["event"],
            "run_id": 123456,
            "event_id": 42,
            "is_real": False,
            "is_deleted": False,
            "idempotency_key": "key 1",
            "n_workers": 2,
            "n_local": 2,
            "reco": "dummy:7",
            "nsides": "8:0,64:12",
            "threshold": 1.0,
            "max_reco_time_s": 10.0,
            "fits_done": 0,
            "fits_failed": 0,
            "cpu_seconds": 0.0,
            "n_stopped": 0,
            "n_lost": 0,
            "fraction": 0.0,
            "condor_clusters": "[]",
            "is_served": False,
        }

    def test_its_id_sorts_by_time_and_is_a_word(self, service):
        ids = [submit(service, body(priority=i), OWNER).scan_id for i in range(3)]
        assert len(set(ids)) == 3
        assert all(scan_id.isalnum() and len(scan_id) == 28 for scan_id in ids)
        assert [scan_id[:11] for scan_id in ids] == sorted(scan_id[:11] for scan_id in ids)

    def test_whoever_moves_scans_hears_of_new_ones_only(self, service):
        bells = Bells()
        heard = replace(service, scans=bells)
        submit(heard, body(), OWNER)
        submit(heard, body(), OWNER)
        assert bells.n == 1

    def test_the_stored_request_is_accepted_back(self, service):
        submit(service, body(memory="9GB", classifiers={"a": True}), OWNER)
        (row,) = rows(service, scans)
        again = submit(service, json.loads(row["request"]), OWNER)
        assert (again.scan_id, again.created) == (row["id"], False)


class TestEvents:
    @pytest.mark.parametrize(
        "spelling",
        [EVENT, json.dumps(EVENT), json.dumps(EVENT, indent=3), json.dumps(dict(reversed(EVENT.items())))],
        ids=["object", "text", "spaced", "reversed"],
    )
    def test_every_spelling_is_the_same_event_stored_once(self, service, spelling):
        submit(service, body(), OWNER)
        submit(service, body(event_i3live_json=spelling, priority=1), OWNER)
        (row,) = rows(service, events)
        with service.database.reading() as connection:
            text = stored_events.read(connection, row["id"])
        assert json.loads(text) == EVENT
        assert hashlib.sha256(text).hexdigest() == row["id"]
        assert (row["run_id"], row["event_id"], row["is_real"], row["n_bytes"]) == (123456, 42, False, len(text))

    def test_any_text_and_number_in_it_comes_back(self, service):
        event = changed(note="\x00 \ud800 \U0001f52d", big=10**40, small=5e-324, tricky=0.1 + 0.2)
        submit(service, body(event_i3live_json=event), OWNER)
        (row,) = rows(service, events)
        with service.database.reading() as connection:
            assert json.loads(stored_events.read(connection, row["id"])) == event

    def test_one_that_is_stored_is_scanned_again(self, service):
        submit(service, body(), OWNER)
        (row,) = rows(service, events)
        done = submit(service, body(event_i3live_json=None, i3_event_id=row["id"], priority=1), OWNER)
        assert done.created
        assert count(service)[:2] == [1, 2]

    @pytest.mark.parametrize("event_id", ["0" * 64, "x", "", 7, "\x00", ["a"], "A" * 10**6])
    def test_one_that_is_not_stored_is_refused(self, service, event_id):
        with pytest.raises(SettingError, match=r"^i3_event_id: "):
            submit(service, body(event_i3live_json=None, i3_event_id=event_id), OWNER)

    def test_the_run_id_of_simulated_events_is_free_though_they_do_not_say_that_they_are(self, service):
        unmarked = json.loads(toy_event(run_id=1, is_real=False))
        del unmarked["value"]["data"]["is_real_event"]
        submit(service, body(event_i3live_json=unmarked), OWNER)
        (row,) = rows(service, scans)
        assert (row["run_id"], row["is_real"]) == (1, False)
        with pytest.raises(EventError, match=r"event_i3live_json, .*: run id 1 is impossible for a real event"):
            submit(service, body(event_i3live_json=unmarked, real_or_simulated_event="real"), OWNER)

    def test_one_that_is_given_as_simulated_stays_so_when_it_is_prepared(self, service):
        unmarked = json.loads(toy_event(run_id=1, is_real=False))
        del unmarked["value"]["data"]["is_real_event"]
        scan_id = submit(service, body(event_i3live_json=unmarked), OWNER).scan_id
        with service.database.engine.begin() as connection:
            connection.execute(update(scans).values(status="preparing"))
        assert prepare_scan(service, scan_id)
        (row,) = rows(service, scans)
        assert (row["status"], row["reason"]) == ("starting", None)
        assert read_state(service, scan_id).event.is_real is False

    def test_one_event_may_be_given_as_real_and_as_simulated(self, service):
        for word, is_real in (("real", True), ("sim", False)):
            done = submit(service, body(event_i3live_json=REAL_EVENT, real_or_simulated_event=word), OWNER)
            (mine,) = [row for row in rows(service, scans) if row["id"] == done.scan_id]
            assert mine["is_real"] is is_real
        assert len(rows(service, events)) == 1


def few_doms() -> dict[str, object]:
    pulses = Pulses([1], [30], np.array([10_000.0]), [1.0], [8.0], [True])
    return json.loads(encode_event(make_header(123456, 42, TOY_START), pulses))


def no_header() -> dict[str, object]:
    whole = json.loads(json.dumps(EVENT))
    frames = whole["value"]["data"]["frames"]
    whole["value"]["data"]["frames"] = [frame for frame in frames if frame[0] not in "QP"]
    return whole


BAD_EVENTS = {
    "nothing": ({}, "event_i3live_json, value: is missing"),
    "a list": ([], "event_i3live_json: is a list of 0, neither an object nor a JSON text"),
    "a number": (7, "event_i3live_json: is 7, neither"),
    "true": (True, "event_i3live_json: is true, neither"),
    "no text": ("", "event_i3live_json, event JSON: is not JSON"),
    "a text of a list": ("[]", "event_i3live_json, event JSON: is a list of 0, not an object"),
    "deep text": ("[" * 10**5, "event_i3live_json, event JSON: "),
    "cut off": (json.dumps(EVENT)[:-9], "event_i3live_json, event JSON: is not JSON"),
    "huge text": (" " * 8_000_001, "event_i3live_json, event JSON: is 8000001 bytes long"),
    "huge": (changed(note="\xe9" * 2_000_000), "event_i3live_json, event JSON: is 12"),
    "beyond": (changed(note="x" * 9_000_000), "event_i3live_json: holds more than 200000 values or 8000000 char"),
    "many": (changed(many={str(i): i for i in range(10**6)}), "event_i3live_json: holds more than 200000 values"),
    "NaN": (changed(energy=float("nan")), "event_i3live_json: holds nan, which is no number in JSON"),
    "infinite text": (json.dumps(changed(energy=float("inf"))), "event_i3live_json: holds inf"),
    "too many digits": (changed(energy=10**5000), "event_i3live_json, event JSON: cannot be written as JSON"),
    "frames of junk": (changed(frames=[["P", "%%%"]]), "event_i3live_json, value.data.frames[0]: is not base64"),
    "a damaged frame": (
        json.loads(change_frame(json.dumps(EVENT).encode(), "P", lambda data: data[:-5])),
        "event_i3live_json, P frame",
    ),
    "no header": (no_header(), "event_i3live_json, event: holds no I3EventHeader"),
    "another run": (changed(run_id=5), "event_i3live_json, value.data.run_id: is 5, but the event header says 123456"),
    "says real": (
        changed(is_real_event=True),
        "event_i3live_json, value.data.is_real_event: says that the event is re",
    ),
    "says maybe": (changed(is_real_event="no"), "event_i3live_json, value.data.is_real_event: is neither"),
}


class TestRefused:
    @pytest.mark.parametrize("name", BAD_EVENTS)
    def test_a_bad_event_in_one_sentence_and_nothing_is_stored(self, sqlite_service, name):
        service = sqlite_service
        event, begins = BAD_EVENTS[name]
        with pytest.raises(InputError) as caught:
            submit(service, body(event_i3live_json=event), OWNER)
        assert str(caught.value).startswith(begins)
        assert len(str(caught.value)) < 300
        assert str(caught.value).isprintable()
        assert count(service) == [0, 0, 0]

    def test_too_few_doms_for_the_algorithm_at_once(self, service):
        few = few_doms()
        with pytest.raises(EventError, match=r"event_i3live_json, SplitInIcePulses: .* but pandel_mpe needs at least"):
            submit(service, body(event_i3live_json=few, reco_algo="pandel_mpe"), OWNER)
        assert count(service) == [0, 0, 0]

    def test_a_simulated_event_given_as_real(self, service):
        with pytest.raises(EventError, match="says that the event is simulated, but it was given as real"):
            submit(service, body(real_or_simulated_event="real"), OWNER)

    def test_a_bad_argument_stores_no_event(self, service):
        with pytest.raises(SettingError, match="priority"):
            submit(service, body(priority="x"), OWNER)
        assert count(service) == [0, 0, 0]

    @pytest.mark.parametrize("key", ["", "x" * 201, "a\x00", "schl\xfcssel", "two\nlines"])
    def test_a_bad_key(self, service, key):
        with pytest.raises(SettingError, match=r"^Idempotency-Key: "):
            submit(service, body(), OWNER, key)
        assert count(service) == [0, 0, 0]


class TestRepeats:
    def test_the_same_again_is_the_same_scan(self, service):
        first, second = (submit(service, body(), OWNER) for _ in range(2))
        assert (first.created, second.created) == (True, False)
        assert first.scan_id == second.scan_id
        assert count(service)[1] == 1

    @pytest.mark.parametrize("change", [{"priority": 1}, {"force_new": True}, {"event_i3live_json": changed(n=1)}])
    def test_another_request_or_a_forced_one_is_a_new_scan(self, service, change):
        first = submit(service, body(), OWNER)
        assert submit(service, body(**change), OWNER).scan_id != first.scan_id

    def test_somebody_else_gets_a_scan_of_their_own(self, service):
        assert submit(service, body(), "a").scan_id != submit(service, body(), "b").scan_id
        assert (
            submit(service, body(priority=1), "a", "k").scan_id != submit(service, body(priority=1), "b", "k").scan_id
        )

    def test_after_the_window_it_is_a_new_scan(self, database_url, tmp_path):
        service = make_service(database_url, tmp_path, repeat_window_s=60.0)
        first = submit(service, body(), OWNER)
        with service.database.engine.begin() as connection:
            connection.execute(update(scans).values(created=scans.c.created - 61))
        assert submit(service, body(), OWNER).scan_id != first.scan_id

    @pytest.mark.parametrize(("ahead_s", "is_repeat"), [(5.0, True), (86_400.0, False)])
    def test_a_scan_of_before_the_clock_was_set_back_is_repeated_for_no_longer(self, service, ahead_s, is_repeat):
        first = submit(service, body(), OWNER)
        with service.database.engine.begin() as connection:
            connection.execute(update(scans).values(created=scans.c.created + ahead_s))
        assert (submit(service, body(), OWNER).scan_id == first.scan_id) == is_repeat

    @pytest.mark.parametrize("ended", [{"is_deleted": True}, {"status": "failed"}, {"target": "aborted"}])
    def test_a_scan_that_came_to_nothing_is_not_what_is_asked_for(self, service, ended):
        first = submit(service, body(), OWNER)
        with service.database.engine.begin() as connection:
            connection.execute(update(scans).values(**ended))
        assert submit(service, body(), OWNER).scan_id != first.scan_id

    def test_of_several_the_first_is_meant(self, service):
        first = submit(service, body(), OWNER)
        submit(service, body(force_new=True), OWNER)
        assert submit(service, body(), OWNER).scan_id == first.scan_id


class TestKeys:
    def test_the_same_key_is_the_same_scan_for_ever(self, service):
        first = submit(service, body(), OWNER, "k")
        with service.database.engine.begin() as connection:
            connection.execute(update(scans).values(created=0.0, status="failed", is_deleted=True))
        again = submit(service, body(force_new=True), OWNER, "k")
        assert (again.scan_id, again.created) == (first.scan_id, False)

    def test_the_same_key_with_another_request_is_a_conflict(self, service):
        first = submit(service, body(), OWNER, "k")
        with pytest.raises(StateError, match=rf"^Idempotency-Key: 'k' came before .* scan {first.scan_id}$"):
            submit(service, body(priority=1), OWNER, "k")
        assert count(service)[1] == 1

    def test_another_key_is_another_scan_in_the_window_too(self, service):
        assert submit(service, body(), OWNER, "a").scan_id != submit(service, body(), OWNER, "b").scan_id

    def test_without_a_key_the_window_finds_scans_with_one(self, service):
        assert submit(service, body(), OWNER, "a").scan_id == submit(service, body(), OWNER).scan_id


class TestRaces:
    @pytest.mark.parametrize("key", [None, "k"])
    def test_threads_that_ask_for_the_same_get_one_scan(self, service, key):
        barrier = threading.Barrier(8)

        def ask(_):
            barrier.wait(timeout=30)
            return submit(service, body(), OWNER, key)

        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(ask, range(8)))
        assert len({done.scan_id for done in found}) == 1
        assert sum(done.created for done in found) == 1
        assert count(service)[:2] == [1, 1]

    def test_threads_that_ask_for_different_things_of_one_event_store_it_once(self, service):
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda i: submit(service, body(priority=i), OWNER), range(16)))
        assert len({done.scan_id for done in found}) == 16
        assert count(service)[:2] == [1, 16]

    @pytest.mark.parametrize("key", [None, "k"])
    def test_processes_that_ask_for_the_same_get_one_scan(self, service, database_url, tmp_path, key):
        asking = [ask_in_process(database_url, tmp_path) for _ in range(3)]
        for process in asking:
            assert process.stdout.readline() == "ready\n"
        for process in asking:
            process.stdin.write(json.dumps([body(), key]) + "\n")
            process.stdin.flush()
        found = [json.loads(process.communicate(timeout=60)[0]) for process in asking]
        assert [process.returncode for process in asking] == [0, 0, 0]
        assert len({scan_id for scan_id, _, _ in found}) == 1
        assert sum(created for _, created, _ in found) == 1
        assert count(service)[:2] == [1, 1]


ASK = """
import json, sys
from pathlib import Path
from skydriver.config import Settings
from skydriver.db.database import Database
from skydriver.services.context import Service
from skydriver.services.coordination.maps import read_state
from skydriver.services.coordination.preparing import prepare_scan
from skydriver.services.submission import submit
settings = Settings(data=Path(sys.argv[1]), database_url=sys.stdin.readline().strip())
service = Service(settings, Database(settings.url))
print("ready", flush=True)
arguments, key = json.loads(sys.stdin.readline())
done = submit(service, arguments, "somebody", key)
print(json.dumps([done.scan_id, done.created, done.generation]))
service.database.close()
"""


def ask_in_process(url: str, folder):
    command = [sys.executable, "-c", ASK, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(url + "\n")
    process.stdin.flush()
    return process


class DeathError(Exception):
    pass


class TestDeaths:
    @pytest.mark.parametrize("when", ["before", "after"])
    def test_a_retry_after_a_death_around_the_commit_is_one_scan(self, service, database_url, when):
        def die(name, moment):
            if (name, moment) == ("submit", when):
                raise DeathError

        dying = replace(service, database=open_database(database_url, watch=die))
        with pytest.raises(DeathError):
            submit(dying, body(), OWNER)
        assert count(service)[:2] == ([0, 0] if when == "before" else [1, 1])
        assert submit(service, body(), OWNER).created is (when == "before")
        assert count(service)[:2] == [1, 1]


class TestExternal:
    def test_it_waits_for_its_scanner_which_gets_a_token_each_time(self, service):
        asked = body(docker_tag="external", reco_algo="millipede_wilks", cluster={"sub-2": 9})
        first, second = (submit(service, asked, OWNER) for _ in range(2))
        (row,) = rows(service, scans)
        assert (row["status"], row["target"], row["engine"], row["n_workers"]) == ("preparing", "done", "external", 0)
        assert row["launched"] == row["created"]
        assert first.scan_id == second.scan_id
        assert first.token
        assert second.token
        assert first.token != second.token

    def test_too_few_doms_are_its_scanners_affair(self, service):
        asked = body(docker_tag="external", reco_algo="splinempe", event_i3live_json=few_doms())
        assert submit(service, asked, OWNER).created


class TestDryRun:
    def test_it_says_what_it_would_be_and_stores_nothing(self, service):
        said = dry_run(service, body(reco_algo="pandel_mpe", memory="8GB", dry_run=True))
        assert count(service) == [0, 0, 0]
        assert (said["dry_run"], said["n_pixels"], said["pixels"]) == (True, 1536, {"8": 768, "64": 768})
        assert said["cpu_seconds"] == pytest.approx(3.3e-6 * 1536 * said["event"]["n_dom"])
        assert "was measured" in said["cpu_seconds_from"]
        assert said["only_shown"] == ["worker_memory_bytes"]
        assert said["event"]["is_real_event"] is False
        json.dumps(said, allow_nan=False)

    def test_it_learns_from_earlier_scans_of_the_event_before_others(self, service):
        for event, seconds in ((EVENT, 10.0), (changed(n=1), 50.0)):
            done = submit(service, body(event_i3live_json=event, nsides={"8": 0}), OWNER)
            with service.database.engine.begin() as connection:
                values = {"status": "done", "cpu_seconds": seconds, "fits_done": 768}
                connection.execute(update(scans).where(scans.c.id == done.scan_id).values(**values))
        same, other = dry_run(service, body()), dry_run(service, body(event_i3live_json=changed(n=2)))
        assert same["cpu_seconds"] == pytest.approx(20.0)
        assert "of this event (1)" in same["cpu_seconds_from"]
        assert other["cpu_seconds"] == pytest.approx(60.0)
        assert "of any event (2)" in other["cpu_seconds_from"]

    def test_it_refuses_what_a_submission_would(self, service):
        with pytest.raises(SettingError, match="nsides"):
            dry_run(service, body(nsides={"8": 1}, dry_run=True))

    def test_what_is_not_known_is_not_made_up(self, service):
        said = dry_run(service, body(reco_algo="crash_dummy"))
        assert said["cpu_seconds"] is None
        assert dry_run(service, body(docker_tag="external"))["cpu_seconds"] is None
