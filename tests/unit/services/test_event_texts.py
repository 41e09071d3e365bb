"""Events that are kept unpacked never take more room than there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skydriver.services.event_texts import Texts


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60))))
def test_what_is_kept_fits_and_is_right(uses):
    texts = Texts(room_bytes=100)
    for key, size in uses:
        text = b"%d" % key + b"x" * size
        found = texts.get(str(key))
        assert found is None or found.startswith(b"%dx" % key) or found == b"%d" % key
        texts.keep(str(key), text)
        assert sum(map(len, texts._texts.values())) == texts._size <= 100


def test_the_one_used_longest_ago_is_forgotten():
    texts = Texts(room_bytes=10)
    texts.keep("a", b"aaaa")
    texts.keep("b", b"bbbb")
    texts.get("a")
    texts.keep("c", b"cccc")
    assert (texts.get("a"), texts.get("b"), texts.get("c")) == (b"aaaa", None, b"cccc")
