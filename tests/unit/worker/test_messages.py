"""What goes between a worker and the service: exact where it is right, refused where it is not."""

import math

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import TaskEnvironmentError
from skydriver.worker.messages import read_lease, read_order, read_registered, read_token
from skydriver.worker.task import PixelReport

finite = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e300, max_value=1e300)
EVENT = "0123456789abcdef" * 4


def lease(**changed: object):
    pixel = {"index": 5, "direction": [0.0, 0.6, -0.8], "seeds": [[1.0, 2.0, 3.0, 4.0]]}
    whole = {
        "task": "t",
        "scan": "s",
        "event": EVENT,
        "reco": "dummy:7",
        "max_reco_time_s": 60.0,
        "nside": 8,
        "round": 0,
    }
    return whole | {"pixels": [pixel], "deadline_s": 15.0} | changed


def pixels(**changed: object):
    return lease(pixels=[{"index": 5, "direction": [0.0, 0.6, -0.8], "seeds": []} | changed])


@given(st.lists(finite, min_size=3, max_size=3), st.lists(st.lists(finite, min_size=4, max_size=4), max_size=3))
def test_directions_and_seeds_come_exactly(direction, seeds):
    (pixel,) = read_lease(orjson.loads(orjson.dumps(pixels(direction=direction, seeds=seeds)))).pixels
    assert list(map(repr, pixel.direction)) == list(map(repr, direction))
    assert repr([list(seed) for seed in pixel.seeds]) == repr(seeds)


@given(st.lists(st.floats(), min_size=8, max_size=8))
def test_numbers_of_fits_go_exactly_and_those_that_are_none_as_null(numbers):
    report = read_lease(lease()).report([PixelReport("done", *numbers, None)])
    (pixel,) = orjson.loads(orjson.dumps(report))["pixels"]
    names = ("llh", "E_in", "E_tot", "x", "y", "z", "t", "cpu_seconds")
    expected = [repr(number) if math.isfinite(number) else "None" for number in numbers]
    assert [repr(pixel[name]) for name in names] == expected
    assert (pixel["index"], pixel["outcome"], pixel["error"]) == (5, "done", None)


def test_a_report_of_a_part_names_the_first_pixels():
    whole = read_lease(lease(pixels=[{"index": k, "direction": [1, 0, 0], "seeds": []} for k in (7, 3, 9)]))
    reports = [PixelReport("failed", *[math.nan] * 8, "why")] * 2
    assert [pixel["index"] for pixel in whole.report(reports)["pixels"]] == [7, 3]
    assert whole.report([]) == {"task": "t", "pixels": []}


def test_no_task_is_no_lease():
    assert read_lease({"task": None}) is None


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({}, "pixels"),
        (lease(task=1), "task"),
        (lease(task=""), "task"),
        (lease(scan="a\nb"), "scan"),
        (lease(reco="x" * 401), "reco"),
        (lease(event="../../secrets"), "event"),
        (lease(event=EVENT[:-1]), "event"),
        (lease(max_reco_time_s=0), "max_reco_time_s"),
        (lease(max_reco_time_s=-1.0), "max_reco_time_s"),
        (lease(max_reco_time_s=1e9), "max_reco_time_s"),
        (lease(max_reco_time_s=True), "max_reco_time_s"),
        (lease(max_reco_time_s=None), "max_reco_time_s"),
        (lease(pixels=[]), "pixels"),
        (lease(pixels={}), "pixels"),
        (lease(pixels=[{}] * 5000), "pixels"),
        (lease(pixels=[1]), "index"),
        (pixels(index=1.5), "index"),
        (pixels(index=True), "index"),
        (pixels(direction=[1, 0]), "direction"),
        (pixels(direction=["1", 0, 0]), "direction"),
        (pixels(direction=[math.nan, 0, 0]), "direction"),
        (pixels(direction=[10**400, 0, 0]), "direction"),
        (pixels(seeds=None), "seeds"),
        (pixels(seeds=[[1, 2, 3]]), "seeds"),
        (pixels(seeds=[[1, 2, 3, None]]), "seeds"),
        (pixels(seeds=[[1, 2, 3, 4]] * 1000), "seeds"),
    ],
)
def test_a_lease_of_another_shape_is_refused_by_name(answer, name):
    with pytest.raises(TaskEnvironmentError, match=f"has no {name} as it should be"):
        read_lease(answer)


def test_the_other_answers():
    assert read_order({"answer": "yield"}) == "yield"
    assert read_registered({"worker": "w", "heartbeat_s": 2}) == ("w", 2.0)
    assert read_token({"token": "t", "expires_s": 3}) == ("t", 3.0)
    for read, answer in [
        (read_order, {"answer": "go"}),
        (read_order, {"answer": ["stop"]}),
        (read_registered, {"worker": "w", "heartbeat_s": math.inf}),
        (read_token, {"token": "a b\n", "expires_s": 3}),
    ]:
        with pytest.raises(TaskEnvironmentError):
            read(answer)
