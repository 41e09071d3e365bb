"""Messages between the service and the process that makes products come out as they went in, or not at all."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.errors import ResultError, SettingError, StateError
from skydriver.services.drawing.order import Made, Order, answer_of, made_of, refusal_of
from skydriver.services.drawing.wire import Message, receive, send

VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
HEADS = st.dictionaries(st.text().filter(lambda name: name != "parts"), VALUES | st.lists(VALUES), max_size=5)
IS_REAL = True
PARTS = st.lists(st.binary(), max_size=4).map(tuple)


def written(*messages):
    file = io.BytesIO()
    for message in messages:
        send(file, message)
    return file.getvalue()


@given(st.lists(st.builds(Message, HEADS, PARTS), max_size=3))
def test_what_is_sent_is_received(messages):
    file = io.BytesIO(written(*messages))
    assert [receive(file) for _ in messages] == messages
    with pytest.raises(EOFError):
        receive(file)


@given(st.builds(Message, HEADS, PARTS), st.data())
def test_a_part_of_a_message_is_none(message, data):
    whole = written(message)
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(EOFError):
        receive(io.BytesIO(whole[:cut]))


@given(st.sampled_from(["json", "png"]), st.binary(min_size=1), *[st.none() | st.binary(min_size=1)] * 3)
def test_an_order_and_its_answers_are_told_whole(product, document, provenance, answer, event):
    order = Order(product, 1.5, {"nested": True}, "dummy", IS_REAL, document, provenance, answer, event)
    assert Order.of(receive(io.BytesIO(written(order.message())))) == order
    made = Made("run1.png", document)
    assert made_of(receive(io.BytesIO(written(answer_of(made))))) == made


def test_a_refusal_is_raised_as_what_it_is():
    with pytest.raises(SettingError, match=r"^nside: 3 is none$") as caught:
        made_of(refusal_of("fits.gz", SettingError("nside", "3 is none")))
    assert caught.value.argument == "nside"
    with pytest.raises(StateError, match=r"^png: there is none$"):
        made_of(refusal_of("png", ResultError("there is none")))
