"""Channels keep what was told lately, within a bound, and share it."""

from __future__ import annotations

from asyncio import Event

from hypothesis import given
from hypothesis import strategies as st

from skydriver.services.push import channels
from skydriver.services.push.channels import Channel
from skydriver.services.push.pages import Page
from skydriver.services.push.positions import START, Position
from skydriver.services.push.texts import Told


def page(number, *texts, is_over=False):
    told = [Told(Position(number, i), text) for i, text in enumerate(texts)]
    return Page(told, Position(number, len(texts)), has_more=False, is_over=is_over)


@given(st.lists(st.lists(st.binary(min_size=1, max_size=40), max_size=5), max_size=30))
def test_from_every_number_that_is_kept_on_all_is_there(pages):
    channels.MOST_BYTES, before = 100, channels.MOST_BYTES
    try:
        channel, everything = Channel("s", START), []
        for number, texts in enumerate(pages, 1):
            channel.tell(page(number, *texts))
            everything += texts
            assert channel.end == len(everything)
            kept = everything[channel.first :]
            assert sum(map(len, kept)) <= 100
            for i in range(channel.first, channel.end + 1):
                assert channel.since(i) == b"".join(everything[i:])
    finally:
        channels.MOST_BYTES = before


def test_all_who_are_equally_far_share_the_same_bytes():
    channel = Channel("s", START)
    channel.tell(page(1, b"a", b"b"))
    assert channel.since(0) is channel.since(0)
    channel.tell(page(2, b"c"))
    assert channel.since(1) == b"bc"


def test_only_what_is_new_wakes():
    channel, bell = Channel("s", START), Event()
    channel.bells.add(bell)
    for told, wakes in [
        (page(1, b"a"), True),
        (Page([], Position(1, 1), has_more=False, is_over=False), False),
        (Page([], Position(2, 1), has_more=False, is_over=False), True),
        (Page([], Position(2, 1), has_more=False, is_over=True), True),
    ]:
        bell.clear()
        channel.tell(told)
        assert bell.is_set() is wakes
    assert channel.is_over
