"""Why jobs find no slot: counted over the ads of a pool's machines."""

from __future__ import annotations

import pytest

ASKED = {"memory_mb": 1000, "disk_mb": 100, "avoid": '{"bad.test"}', "attribute": "SkyDriverAvoid"}
AVOIDED = ("are avoided", "member(TARGET.Machine, MY.SkyDriverAvoid) =!= true")


@pytest.fixture(scope="module")
def explained():
    """A function from slots and conditions to what is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONDOR_CONFIG", "ONLY_ENV")
        import classad2

        from skydriver.clusters.htcondor.slots import Asked, explain

    def explained(slots, *conditions):
        return explain([classad2.ClassAd(slot) for slot in slots], Asked(**ASKED, conditions=conditions))

    return explained


def whole(cores, memory_mb, more=""):
    room = f"TotalSlotMemory = {memory_mb}; TotalSlotCpus = {cores}; TotalSlotDisk = 1000000.0; Memory = 0; Cpus = 0"
    return f'[PartitionableSlot = true; Machine = "good.test"; {room}; {more}]'


def fixed(memory_mb, more=""):
    return f'[Machine = "good.test"; Memory = {memory_mb}; Cpus = 8; Disk = 1000000; {more}]'


def test_a_pool_without_slots(explained):
    assert explained([]) == (0, 0, "the pool has no slots now")


def test_a_slot_that_is_divided_counts_by_its_cores_also_while_all_is_in_use(explained):
    assert explained([whole(8, 64_000), fixed(2000)], AVOIDED) == (9, 9, "9 of 9 slots match")


def test_memory_for_fewer_jobs_than_cores(explained):
    words = "4 of 9 slots match: 5 have less than 1000 MB of memory"
    assert explained([whole(8, 4500), fixed(900)], AVOIDED) == (9, 4, words)


def test_each_cause_is_counted_and_the_most_frequent_comes_first(explained):
    slots = [whole(4, 500, 'Machine = "bad.test"'), fixed(900)]
    words = "0 of 5 slots match: 5 have less than 1000 MB of memory, 4 are avoided"
    assert explained(slots, AVOIDED) == (5, 0, words)


@pytest.mark.parametrize(
    ("condition", "n_matching"),
    [('TARGET.Site == "x"', 1), ("TARGET.NoSuchThing", 0), ("TARGET.Site + 1", 0), ("error", 0), ("true", 2)],
)
def test_what_is_not_surely_so_does_not_match(explained, condition, n_matching):
    slots = [fixed(2000, 'Site = "x"'), fixed(2000)]
    assert explained(slots, ("are elsewhere", condition))[1] == n_matching


@pytest.mark.parametrize(
    ("start", "n_matching"), [("true", 1), ("false", 0), ("TARGET.RequestMemory > 5000", 0), ("Odd", 1)]
)
def test_a_machine_may_take_no_such_jobs(explained, start, n_matching):
    assert explained([fixed(2000, f"Start = {start}")])[1] == n_matching
