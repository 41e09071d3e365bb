"""Events as text: another program's decoder reads what was told."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import NamedTuple

from httpx_sse._decoders import SSEDecoder, SSELineDecoder
from hypothesis import given
from hypothesis import strategies as st

from skydriver.db.stores.feed import News
from skydriver.services.push.positions import Position
from skydriver.services.push.texts import COMMENT, MOST_PIXELS, RETRY, of_fits, of_news

SCAN = "19a2b3c4d5ex0123456789abcdef"
FACTS = st.dictionaries(st.text(), st.none() | st.integers(-(2**53), 2**53) | st.text() | st.booleans(), max_size=4)


class Fit(NamedTuple):
    sequence: int
    nside: int
    round: int
    pixel: int
    llh: float | None


def decoded(text):
    lines, events = SSELineDecoder(), SSEDecoder()
    found = [events.decode(line) for line in lines.decode(text.decode())]
    return [event for event in found if event is not None and event.data]


@given(FACTS.filter(lambda facts: not facts.keys() & {"scan_id", "time"}))
def test_an_announcement_is_read_as_it_was_meant(facts):
    data = json.dumps(facts, ensure_ascii=False)
    told = of_news(News(7, SCAN, 1.5, "state", data), Position(7, 3), SCAN)
    (event,) = decoded(told.text)
    assert (event.id, event.event) == (Position(7, 3).id(SCAN), "state")
    assert json.loads(event.data) == {"scan_id": SCAN, "time": 1.5, **facts}


@given(st.lists(st.tuples(st.sampled_from([8, 64]), st.integers(1, 1500)), max_size=4))
def test_fits_come_once_each_in_order_few_at_a_time(runs):
    nsides = [nside for nside, n in runs for _ in range(n)]
    done = [Fit(5 + i, nside, i % 3, i, None if i % 7 == 0 else i / 2) for i, nside in enumerate(nsides)]
    told = list(of_fits(done, Position(9, 4), SCAN))
    heard = [json.loads(event.data) for one in told for event in decoded(one.text)]
    assert all(0 < len(data["pixels"]) <= MOST_PIXELS for data in heard)
    assert [[data["nside"], *pixel] for data in heard for pixel in data["pixels"]] == [
        [fit.nside, fit.pixel, fit.llh, fit.round] for fit in done
    ]
    places = [one.at for one in told]
    assert [event.id for one in told for event in decoded(one.text)] == [at.id(SCAN) for at in places]
    if done:
        assert places[-1] == Position(9, 4 + len(done))
    assert all(later.fits > earlier.fits for earlier, later in pairwise(places))


def test_what_is_no_event_is_not_taken_for_one():
    assert decoded(RETRY + COMMENT) == []
