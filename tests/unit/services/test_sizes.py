"""Sizes: decimal and binary, with and without the letter B."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skydriver.services.sizes import MAX_BYTES, parse_size

UNITS = {"": 1, "k": 10**3, "M": 10**6, "g": 10**9, "T": 10**12, "Ki": 2**10, "mi": 2**20, "GI": 2**30, "Ti": 2**40}


@given(
    st.integers(1, 900),
    st.sampled_from(sorted(UNITS)),
    st.sampled_from(["", "B", "b"]),
    st.sampled_from(["", " ", "  "]),
)
def test_a_number_and_a_unit_are_their_product(number, unit, letter, space):
    size = number * UNITS[unit]
    assert parse_size(f"{space}{number}{space}{unit}{letter}{space}") == (size if size <= MAX_BYTES else None)


@given(st.integers())
def test_whole_numbers_are_bytes(number):
    expected = number if 1 <= number <= MAX_BYTES else None
    assert parse_size(number) == expected
    if abs(number) < 2**53:
        assert parse_size(float(number)) == expected


@pytest.mark.parametrize(
    ("text", "size"), [("8GB", 8 * 10**9), ("8G", 8 * 10**9), ("8 GiB", 8 * 2**30), ("1024M", 1_024_000_000),
                       ("1.5 GB", 1_500_000_000), ("512 bytes", 512), ("1 byte", 1), ("0.5KiB", 512)]
)  # fmt: skip
def test_known_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "value",
    ["", "GB", "8 G B", "8X", "-8GB", "8iB", "1e9", "8,5GB", "0GB", "nan", "9" * 50, "\u0668GB", "8GB\x00", True, 1.5,
     None, [], {}, float("nan"), float("inf"), 0, -1, 10**16],
)  # fmt: skip
def test_what_is_no_size(value):
    assert parse_size(value) is None


@given(st.text())
def test_any_text_is_a_size_or_none(text):
    size = parse_size(text)
    assert size is None or 1 <= size <= MAX_BYTES
