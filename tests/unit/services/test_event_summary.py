"""What is told of an event."""

import dataclasses
import json

from skydriver.events.realtime import read_event
from skydriver.services.event_summary import summary
from skydriver.testing.events import toy_event


def test_faulty_windows_come_in_order_and_without_a_bound_where_they_have_none():
    spans = {(47, 31): ((5.0, 6.0), (float("-inf"), 2.5)), (3, 60): ((0.0, float("inf")),)}
    event = dataclasses.replace(
        read_event(toy_event()), time_windows={"SaturationWindows": spans, "None": {(1, 1): ()}}
    )
    windows = summary(event)["time_windows"]
    assert [tuple(window.values()) for window in json.loads(json.dumps(windows, allow_nan=False))] == [
        ("SaturationWindows", 3, 60, 0.0, None),
        ("SaturationWindows", 47, 31, None, 2.5),
        ("SaturationWindows", 47, 31, 5.0, 6.0),
    ]
    assert set(windows[0]) == {"object", "string", "om", "start_ns", "stop_ns"}
