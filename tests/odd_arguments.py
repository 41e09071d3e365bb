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
    *("skydriver.answer.best_fit.llh", "skydriver.fraction"),
)
"""Of manifests."""
ODD_FIELDS = (
    *("event_i3live_json_dict", "skydriver", "skydriver.best", "nothing", "", "a.b", "$where", "priority.x"),
    *("x.0.y", ".", "\x00"),
)
VALUES = (
    *(None, True, False, 0, 1, -1, 7, 21, 0.5, 1e9, 2**53 + 1, "", "done", "running", "local", "me", "a", "é"),
    *([], [1], ["done", None], {}, {"a": 1}),
)
ORDERED = tuple(value for value in VALUES if isinstance(value, int | float | str))
ODD_VALUES = (2**63, -(2**70), 1e308, "\x00", "\ud800", {"$eq": 1}, "x" * 20_000)
COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
PATTERNS = ("", ".*", "^d", "(a+)+$", "(?i)DONE", "é", "[a-f0-9]{4}x", "^.{0,40}$")
ODD_PATTERNS = ("(", "[", "\\", "a{1000}{1000}", "(?=x)", "\\1", "\ud800", "x" * 3000)
FORBIDDEN = ("$where", "$expr", "$text", "$elemMatch", "$size", "$nor", "$", "$regexx", "$options")


class Filters:
    """Filters of ``POST /scans/find``, sound or with odd parts.

    Parameters
    ----------
    chance
        Random numbers.
    """

    def __init__(self, chance: random.Random) -> None:
        odd = chance.random() < 0.4
        self._chance = chance
        self._fields = (*FIELDS, *ODD_FIELDS) if odd else FIELDS
        self._values = (*VALUES, *ODD_VALUES) if odd else VALUES
        self._patterns = (*PATTERNS, *ODD_PATTERNS) if odd else PATTERNS
        self._ordered = self._values if odd else ORDERED
        self._operators = (*COMPARISONS, *FORBIDDEN) if odd else COMPARISONS
        self._options = ({}, {"$options": "i"}) if odd else ({},)
        self._joins = ("$and", "$or", "$not", "$nor") if odd else ("$and", "$or")

    def some(self, depth: int = 3) -> Any:
        """A filter of so many levels at most."""
        one = self._chance.choice
        if depth and self._chance.random() < 0.3:
            return {one(self._joins): [self.some(depth - 1) for _ in range(one([1, 2, 3]))]}
        return {one(self._fields): self._condition(depth) for _ in range(one([0, 1, 1, 1, 2, 3]))}

    def _condition(self, depth: int) -> Any:
        """What a field must be."""
        one = self._chance.choice
        kinds = [
            one(self._values),
            {one(["$in", "$nin"]): self._chance.choices(self._values, k=one([1, 3, 20]))},
            {"$exists": one([True, False])},
            {"$regex": one(self._patterns)} | one(self._options),
            *({name: one(self._ordered) for name in self._chance.sample(self._operators, one([1, 2]))} for _ in "123"),
        ]
        return one([*kinds, {"$not": {one(self._operators): one(self._ordered)}}] if depth else kinds)


def odd_projection(chance: random.Random) -> Any:
    """Names of members of a manifest, in one of the ways in which they are written."""
    names = chance.choices(FIELDS + ODD_FIELDS, k=chance.choice([0, 1, 2, 5]))
    return chance.choice(["|".join(names), names, None, "*", 7])


def odd_sort(chance: random.Random) -> Any:
    """A sort order, in one of the ways in which it is written."""
    name, sign = chance.choice((*FIELDS[:7] * 6, *FIELDS)), chance.choice([1, -1, 1, -1, 0, "x"])
    return chance.choice([name, f"-{name}", [name, sign], [[name, sign]], {name: sign}, [[name, 1], ["scan_id", -1]]])


LIKELY = {
    "filter": lambda chance: Filters(chance).some(),
    "manifest_projection": odd_projection,
    "projection": lambda chance: "|".join(map(str, chance.choices(FIELDS, k=chance.choice([0, 1, 2])))),
    "sort": odd_sort,
    "limit": lambda chance: chance.choice([None, 1, 1, 2, 100, 1000, 0, 1001, -1, 0.5]),
    "after": lambda chance: chance.choice([0, 1, 5, 2**40]),
}
"""Arguments whose values have a form of their own."""
