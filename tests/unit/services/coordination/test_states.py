"""The one table of transitions, and what clients are told."""

from __future__ import annotations

import itertools

import pytest

from skydriver.errors import StateError
from skydriver.services.coordination.states import (
    ACTIVE,
    ENDED,
    FOLLOWING,
    PENDING,
    Status,
    check_transition,
    scan_state,
)

PUBLIC = {
    "PENDING__PRESTARTUP",
    "PENDING__WAITING_ON_SCANNER_SERVER_STARTUP",
    "PENDING__WAITING_ON_CLUSTER_STARTUP",
    "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO",
    "IN_PROGRESS__PARTIAL_RESULT_GENERATED",
    "SCAN_HAS_FINAL_RESULT",
}
PARTS = {state.partition("__")[2] for state in PUBLIC - {"SCAN_HAS_FINAL_RESULT"}}


def told(status, *, waited=Status.STARTING, begun=True, pixel=True, stopped="ABORTED"):
    return scan_state(status, waited=waited, has_begun=begun, has_pixel=pixel, stopped=stopped)


def test_table_speaks_of_every_status():
    assert set(FOLLOWING) == set(Status)


@pytest.mark.parametrize(("before", "after"), list(itertools.product(Status, Status)))
def test_a_transition_is_in_the_table_or_refused(before, after):
    if after in FOLLOWING[before]:
        check_transition(before, after)
    else:
        with pytest.raises(StateError, match=f"{before} does not become {after}"):
            check_transition(before, after)


@pytest.mark.parametrize("ended", sorted(ENDED))
def test_nothing_follows_the_end(ended):
    assert not FOLLOWING[ended]


@pytest.mark.parametrize("status", sorted(set(Status) - ENDED))
def test_whatever_goes_on_can_be_aborted_and_can_fail(status):
    assert {Status.ABORTED, Status.FAILED} <= FOLLOWING[status]


@pytest.mark.parametrize("status", sorted(set(Status) - ENDED))
def test_whatever_goes_on_can_be_done_in_the_end(status):
    reached, new = set(), {status}
    while new:
        reached |= new
        new = set().union(*(FOLLOWING[s] for s in new)) - reached
    assert Status.DONE in reached


def test_no_transition_leads_back():
    order = list(Status)
    assert all(order.index(after) > order.index(before) for before in Status for after in FOLLOWING[before])


@pytest.mark.parametrize("flags", list(itertools.product(PENDING, [False, True], [False, True])))
@pytest.mark.parametrize("status", list(Status))
def test_clients_are_told_nothing_else(status, flags):
    waited, begun, pixel = flags
    word, _, part = told(status, waited=waited, begun=begun, pixel=pixel).partition("__")
    if status in {Status.ABORTED, Status.FAILED}:
        assert word == ("ABORTED" if status is Status.ABORTED else "FAILED")
        assert part in PARTS
    else:
        assert f"{word}__{part}".removesuffix("__") in PUBLIC


@pytest.mark.parametrize(
    ("status", "flags", "expected"),
    [
        (Status.QUEUED, {"begun": False, "pixel": False}, "PENDING__PRESTARTUP"),
        (Status.PREPARING, {"begun": False, "pixel": False}, "PENDING__WAITING_ON_SCANNER_SERVER_STARTUP"),
        (Status.STARTING, {"begun": False, "pixel": False}, "PENDING__WAITING_ON_CLUSTER_STARTUP"),
        (Status.RUNNING, {"pixel": False}, "IN_PROGRESS__WAITING_ON_FIRST_PIXEL_RECO"),
        (Status.RUNNING, {}, "IN_PROGRESS__PARTIAL_RESULT_GENERATED"),
        (Status.FINISHING, {}, "IN_PROGRESS__PARTIAL_RESULT_GENERATED"),
        (Status.DONE, {}, "SCAN_HAS_FINAL_RESULT"),
        (Status.ABORTED, {}, "ABORTED__PARTIAL_RESULT_GENERATED"),
        (Status.ABORTED, {"stopped": "STOPPED", "pixel": False}, "STOPPED__WAITING_ON_FIRST_PIXEL_RECO"),
        (Status.ABORTED, {"waited": Status.QUEUED, "begun": False, "pixel": False}, "ABORTED__PRESTARTUP"),
        (Status.FAILED, {"begun": False, "pixel": False}, "FAILED__WAITING_ON_CLUSTER_STARTUP"),
    ],
)
def test_clients_are_told(status, flags, expected):
    assert told(status, **flags) == expected


def test_a_scan_at_work_has_a_place_and_one_that_waits_or_ended_has_none():
    assert set(Status) - {Status.QUEUED} - ENDED == ACTIVE
