"""Whether a MongoDB filter is true of a document, as plainly as it can be written: what SQL is compared with."""

from __future__ import annotations

import operator
import re

ORDERS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


def matches(document, wanted):
    """Whether a filter is true of a document."""
    return all(_member(document, name, value) for name, value in wanted.items())


def _member(document, name, value):
    if name == "$and":
        return all(matches(document, each) for each in value)
    if name == "$or":
        return any(matches(document, each) for each in value)
    return _condition(document, name, value)


def _condition(document, name, value):
    if isinstance(value, dict) and any(key.startswith("$") for key in value):
        return all(_operator(document, name, key, item) for key, item in value.items())
    return _equals(document, name, value)


def _operator(document, name, key, value):
    found, _ = reached(document, name)
    if key in ORDERS:
        if value is None:
            return key in {"$gte", "$lte"} and _equals(document, name, None)
        return any(kind(each) == kind(value) and ORDERS[key](each, value) for each in _with_items(found))
    return {
        "$eq": lambda: _equals(document, name, value),
        "$ne": lambda: not _equals(document, name, value),
        "$in": lambda: any(_equals(document, name, each) for each in value),
        "$nin": lambda: not any(_equals(document, name, each) for each in value),
        "$exists": lambda: bool(found) == bool(value),
        "$regex": lambda: any(isinstance(each, str) and re.search(value, each) for each in _with_items(found)),
        "$not": lambda: not _condition(document, name, value),
    }[key]()


def _equals(document, name, value):
    found, is_missing = reached(document, name)
    return (value is None and is_missing) or any(same(each, value) for each in _with_items(found))


def reached(document, name):
    """The values at a path, and whether on the way there something lacks the next member."""
    parts = name.split(".")
    found, is_missing = _reached(document, parts)
    return found, not found if any(part.isdigit() for part in parts[1:]) else is_missing


def _reached(value, parts):
    if not parts:
        return [value], False
    if isinstance(value, dict):
        return _reached(value[parts[0]], parts[1:]) if parts[0] in value else ([], True)
    if not isinstance(value, list):
        return [], True
    below = [_reached(item, parts) for item in value if isinstance(item, dict)]
    if parts[0].isdigit() and int(parts[0]) < len(value):
        below.append(_reached(value[int(parts[0])], parts[1:]))
    return [each for found, _ in below for each in found], any(is_missing for _, is_missing in below)


def _with_items(found):
    return [*found, *(item for each in found if isinstance(each, list) for item in each)]


def kind(value):
    """Values of different kinds are neither equal nor ordered; whole and other numbers are of the same."""
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def same(one, other):
    """Whether values are equal; the order of an object's members does not matter."""
    if kind(one) != kind(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other
