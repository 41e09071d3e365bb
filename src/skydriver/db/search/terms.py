"""Conditions on the members of a manifest, as a tree. A term is true or false of each scan, never unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

Scalar: TypeAlias = "bool | int | float | str"
Json: TypeAlias = "Scalar | list[Json] | dict[str, Json] | None"
Order = Literal["$gt", "$gte", "$lt", "$lte"]


class Field(NamedTuple):
    """A member of a manifest, or what lies below it."""

    root: str
    """One of `skydriver.db.search.places.COLUMNS` or `DOCUMENTS`."""
    path: tuple[str, ...]
    """Below that: names of members, also of the objects in a list, and numbers of a list's items."""


@dataclass(frozen=True, slots=True)
class Equals:
    """A value there, or an item of a list there, is `value`; null is also what is not there."""

    field: Field
    value: Json


@dataclass(frozen=True, slots=True)
class Ordered:
    """A value there, or an item of a list there, is of the same kind as `value` and so ordered to it."""

    field: Field
    order: Order
    value: Scalar


@dataclass(frozen=True, slots=True)
class OneOf:
    """A value there, or an item of a list there, is one of `values`: all texts, or all numbers."""

    field: Field
    values: tuple[str, ...] | tuple[int | float, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """There is something, be it null."""

    field: Field


@dataclass(frozen=True, slots=True)
class Matches:
    """A text there, or in a list there, fits a pattern. It becomes `OneOf` before it becomes SQL."""

    field: Field
    pattern: str


@dataclass(frozen=True, slots=True)
class All:
    """Each of `terms` is true; true without any."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """One of `terms` is true; false without any."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """`term` is false."""

    term: Term


Term: TypeAlias = "Equals | Ordered | OneOf | Exists | Matches | All | Some | Not"
Simple: TypeAlias = "Equals | Ordered | OneOf | Exists"
