"""Job ads and event logs, as a real pool wrote them (`recorded/`), and damaged."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.clusters.base import Hold, JobState
from skydriver.clusters.htcondor.ads import PROJECTION, job_of, jobs_of
from skydriver.clusters.htcondor.eventlog import last_trouble, read_events

RECORDED = Path(__file__).parent / "recorded"
MEMORY = "Error from slot1_3@pool.test: memory usage exceeded request_memory"
NO_IMAGE = "could not open image /images/skymap_scanner:1.0"


def ad_of(name):
    return json.loads((RECORDED / f"{name}.json").read_text())


def log_of(name):
    return (RECORDED / f"{name}.log").read_text()


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("completed", JobState.COMPLETED),
        ("evicted", JobState.RUNNING),  # again, elsewhere
        ("image", JobState.IDLE),
        ("memory", JobState.HELD),
        ("reconnected", JobState.RUNNING),
        ("removed", JobState.REMOVED),
        ("running", JobState.RUNNING),
        ("signal", JobState.COMPLETED),
        ("spooling", JobState.HELD),
        ("unmatched", JobState.IDLE),
    ],
)
def test_the_state_of_a_recorded_job(name, state):
    job = job_of(ad_of(name))
    assert job.state is state
    assert job.submission == ("running" if name == "spooling" else name)
    assert job.since == ad_of(name)["EnteredCurrentStatus"]
    assert (job.hold is None) == (state is not JobState.HELD)
    assert (job.exit_code, job.exit_signal) == {"completed": (3, None), "signal": (None, 9)}.get(name, (None, None))
    assert job.n_starts == {"unmatched": 0, "spooling": 0, "evicted": 2}.get(name, 1)


def test_a_hold_says_why():
    spooling = job_of(ad_of("spooling")).hold
    assert spooling == Hold(16, 0, "Spooling input data files")
    assert spooling.is_for_spooling
    assert not spooling.is_for_memory
    memory = job_of(ad_of("memory")).hold
    assert (memory.code, memory.subcode) == (21, 102)
    assert memory.reason.endswith("memory usage exceeded request_memory")
    assert memory.is_for_memory


def test_an_earlier_hold_that_lingers_in_a_running_jobs_ad_is_none():
    ad = ad_of("reconnected")
    assert (ad["JobStatus"], ad["HoldReasonCode"]) == (2, 16)
    assert job_of(ad).hold is None


def test_a_machine_is_named_without_its_slot():
    assert job_of(ad_of("running")).host == "pool.test"
    assert job_of(ad_of("completed")).host == "pool.test"  # where it ran last
    assert job_of(ad_of("unmatched")).host is None


def test_why_a_machine_did_not_run_a_job_is_told():
    assert NO_IMAGE in job_of(ad_of("image")).eviction
    assert job_of(ad_of("running")).eviction is None


def test_what_is_asked_for_is_all_that_is_read():
    for path in RECORDED.glob("*.json"):
        ad = json.loads(path.read_text())
        assert job_of({name: ad[name] for name in PROJECTION if name in ad}) == job_of(ad)


junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(
    st.sampled_from([path.stem for path in RECORDED.glob("*.json")]), st.dictionaries(st.sampled_from(PROJECTION), junk)
)
def test_damaged_ads_are_read_or_passed_over(name, damage):
    for job in jobs_of([ad_of(name) | damage, damage]):
        assert isinstance(job.cluster_id, int)
        assert isinstance(job.state, JobState)
        assert job.hold is None or (job.state is JobState.HELD and job.hold.reason.isprintable())
        assert job.exit_code is None or job.exit_signal is None


@pytest.mark.parametrize(
    ("name", "numbers", "trouble"),
    [
        ("completed", [0, 1, 5], "ended with code 3"),
        ("signal", [0, 1, 5], "killed by signal 9"),
        ("memory", [0, 1, 21, 4, 12], f"held: {MEMORY}"),
        ("removed", [0, 1, 4, 9], "removed: the scan ended (by user skydriver)"),
        ("evicted", [0, 1, 4, 1], "evicted: Job was evicted."),
        ("running", [0, 1], None),
        ("unmatched", [0], None),
        (
            "reconnected",
            [0, 1, 22, 23],
            "disconnected: Local schedd and job shadow died, schedd now running again",
        ),
    ],
)
def test_the_events_of_a_recorded_log(name, numbers, trouble):
    events = read_events(log_of(name))
    assert [event.number for event in events if event.number not in {6, 40}] == numbers
    assert last_trouble(log_of(name)) == trouble
    assert {event.proc for event in events} == {0}


def test_a_container_that_cannot_run_is_the_reason_of_an_eviction():
    assert NO_IMAGE in last_trouble(log_of("image"))


def test_a_log_whose_beginning_and_end_are_cut_off_gives_the_events_between():
    text = log_of("completed")
    whole = read_events(text)
    for start in range(0, len(text), 97):
        events = read_events(text[start : len(text) - 10])
        assert events == [event for event in whole[:-1] if event in events]
        assert len(events) >= len(whole) - 2 - text[:start].count("\n...\n")


@given(st.text(string.printable))
def test_a_log_of_anything_is_read(text):
    assert read_events(text) == []
    assert last_trouble(f"005 (1.0.0) 2026-11-24 19:22:52 {text}\n...\n") is None


@given(st.sampled_from(["completed", "memory", "image"]), st.integers(0), st.binary(max_size=20))
def test_a_damaged_log_is_read(name, where, damage):
    data = log_of(name).encode()
    where %= len(data)
    text = (data[:where] + damage + data[where + len(damage) :]).decode(errors="replace")
    trouble = last_trouble(text)
    assert trouble is None or trouble.isprintable()
