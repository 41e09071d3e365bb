"""``skydriver simulate``: events that the other commands read, the same for the same seed."""

from __future__ import annotations

import json

import pytest

from skydriver.simulation.truth import KINDS


@pytest.fixture
def skydriver(here):
    return here


def test_it_writes_an_event_and_its_truth(skydriver):
    done = skydriver("simulate", "--seed", "3", "--out", "a b", "--zenith", "60", "--run-id", "7", "--event-id", "9")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["a b/simulated_3.json", "a b/simulated_3.truth.json"]
    truth = json.loads((skydriver.folder / "a b" / "simulated_3.truth.json").read_bytes())
    content = skydriver.json("event", "a b/simulated_3.json")
    assert (content["run_id"], content["event_id"], content["is_real_event"]) == (7, 9, False)
    assert content["mjd"] == truth["mjd"]
    assert truth["seed"] == 3
    assert truth["zenith_rad"] == pytest.approx(1.0471975511965976)
    assert content["cleaned"]["nch"] > 0


def test_the_same_seed_gives_the_same_bytes(skydriver):
    files = []
    for seed, folder in ((3, "one"), (3, "two"), (4, "three")):
        assert skydriver("simulate", "--seed", seed, "--out", folder).returncode == 0
        files.append([path.read_bytes() for path in sorted((skydriver.folder / folder).iterdir())])
    assert files[0] == files[1]
    assert files[0] != files[2]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_had(skydriver, kind):
    assert skydriver("simulate", "--seed", "3", "--kind", kind).returncode == 0
    assert json.loads((skydriver.folder / "out" / "simulated_3.truth.json").read_bytes())["kind"] == kind
    assert not skydriver.json("event", "out/simulated_3.json")["is_real_event"]


def test_many_events_are_those_of_the_seeds_one_by_one(skydriver):
    done = skydriver("simulate", "--seed", "5", "--count", "3", "--kind", "cascade", "--out", "all")
    names = [f"simulated_{seed}.{suffix}" for seed in (5, 6, 7) for suffix in ("json", "truth.json")]
    assert done.stdout.splitlines() == [f"all/{name}" for name in names]
    for seed in (5, 6, 7):
        skydriver("simulate", "--seed", seed, "--kind", "cascade", "--out", "single")
    for name in names:
        assert (skydriver.folder / "all" / name).read_bytes() == (skydriver.folder / "single" / name).read_bytes()
    assert len(list((skydriver.folder / "all").iterdir())) == 6


def test_a_folder_that_cannot_be_written_to(skydriver):
    (skydriver.folder / "taken").write_text("mine")
    done = skydriver("simulate", "--seed", "3", "--out", "taken")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == "error: cannot make the folder taken: File exists\n"
