"""Arguments that are odd, or nearly right: values, filters of scans, projections and sort orders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random

ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 12, 2**53 + 1, 2**63, -(2**63) - 1, 2**64, 1e308, 0.1, -0.0),
    *(
        "",
        " ",
        "0",
        "true",
        "\x00",
        "a\x00b",
        "\ud800",
        "é☃𝄞",
        "x" * 300,
        "x" * 5000,
        "../..",
        "%00",
        "'; --",
        "$where",
    ),
    *([], {}, [[]], [None], [{}], {"": 0}, {"a": {"b": [1, {"c": None}]}}, {"1": 0}, {"8": 0, "64": 12}, [1, "a"]),
    *({"$gt": 1}, {"\x00": 1}, {"\ud800": 1}, list(range(200)), {str(n): n for n in range(200)}),
    json.loads("[" * 90 + "]" * 90),
)
"""Values for arguments that have others."""
FIELDS = (
    *("scan_id", "timestamp", "priority", "is_deleted", "i3_event_id", "last_updated", "replaced_by_scan_id"),
    *("event_metadata", "event_metadata.run_id", "event_metadata.event_id", "event_metadata.is_real_event"),
    *("classifiers", "classifiers.who", "classifiers.rescan", "progress", "progress.summary", "progress.tallies.8"),
    *("scan_metadata.nside_progression", "skydriver.status", "skydriver.owner", "skydriver.request.nsides"),
    *("skydriver.answer.best_fit.llh", "skydriver.fraction", "skydriver.best", "event_i3live_json_dict", "skydriver"),
    *("nothing", "", "a.b", "$where", "priority.x", "x.0.y", ".", "\x00"),
)
"""Of manifests, and some that there are not."""
VALUES = (
    *(None, True, False, 0, 1, -1, 7, 21, 0.5, 1e9, 2**53 + 1, 2**63, -(2**70), 1e308, "", "done", "running", "local"),
    *("me", "a", "\x00", "\ud800", "é", [], [1], ["done", None], {}, {"a": 1}, {"$eq": 1}, "x" * 2000),
)
COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
PATTERNS = (
    "",
    ".*",
    "^d",
    "(a+)+$",
    "(",
    "[",
    "\\",
    "a{1000}{1000}",
    "(?i)DONE",
    "(?=x)",
    "\\1",
    "\ud800",
    "é",
    "x" * 3000,
)
FORBIDDEN = ("$where", "$expr", "$text", "$elemMatch", "$size", "$nor", "$", "$regexx", "$options")


def odd_filter(chance: random.Random, depth: int = 3) -> Any:
    """A filter of ``POST /scans/find``."""
    if depth and chance.random() < 0.35:
        parts = [odd_filter(chance, depth - 1) for _ in range(chance.randrange(4))]
        return {chance.choice(["$and", "$or", "$and", "$or", "$not", chance.choice(FORBIDDEN)]): parts}
    return {chance.choice(FIELDS): _condition(chance, depth) for _ in range(chance.choice([0, 1, 1, 1, 2, 3]))}


def _condition(chance: random.Random, depth: int) -> Any:
    """What a field must be."""
    one = chance.choice
    kinds = [
        one(VALUES),
        {one(["$in", "$nin"]): chance.choices(VALUES, k=one([0, 1, 3, 20]))},
        {"$exists": one([True, False, 1, "yes"])},
        {"$regex": one(PATTERNS)} | one([{}, {}, {"$options": "i"}, {"$options": "imsx"}]),
        {one(FORBIDDEN): one(VALUES)},
        *({name: one(VALUES) for name in chance.sample(COMPARISONS, one([1, 1, 2]))} for _ in range(3)),
    ]
    return one([*kinds, {"$not": _condition(chance, depth - 1)}] if depth else kinds)


def odd_projection(chance: random.Random) -> Any:
    """Names of members of a manifest, in one of the ways in which they are written."""
    names = chance.choices(FIELDS, k=chance.choice([0, 1, 2, 5]))
    return chance.choice(["|".join(names), names, None, "*", 7])


def odd_sort(chance: random.Random) -> Any:
    """A sort order, in one of the ways in which it is written."""
    name, sign = chance.choice(FIELDS), chance.choice([1, -1, 1, -1, 0, "x"])
    return chance.choice([name, f"-{name}", [name, sign], [[name, sign]], {name: sign}, [[name, 1], ["scan_id", -1]]])


LIKELY = {
    "filter": odd_filter,
    "manifest_projection": odd_projection,
    "projection": lambda chance: "|".join(map(str, chance.choices(FIELDS, k=chance.choice([0, 1, 2])))),
    "sort": odd_sort,
    "limit": lambda chance: chance.choice([None, 1, 1, 2, 100, 1000, 0, 1001, -1, 0.5]),
    "after": lambda chance: chance.choice([0, 1, 5, 2**40]),
}
"""Arguments whose values have a form of their own."""
