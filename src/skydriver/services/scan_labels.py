"""What a request says beside its science: classifiers, environment, debugging. It is kept and shown."""

from __future__ import annotations

import re
from typing import TypeAlias

from skydriver.errors import SettingError
from skydriver.services.json_values import told

MAX_CLASSIFIERS = 25
MAX_CLASSIFIER = 25
"""Characters of a key or text."""
RESERVED = ("rescan", "origin_scan_id")
"""Classifiers that the service itself gives to scans that repeat others."""
MAX_VARIABLES = 100
MAX_VARIABLE = 10_000
"""Characters of an environment's value."""
MAX_MODE = 40
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}", re.ASCII)

Scalar: TypeAlias = "str | int | float | bool"


def parse_classifiers(argument: str, value: object) -> dict[str, Scalar]:
    """At most `MAX_CLASSIFIERS` of them, short; a `SettingError` names `argument`."""
    found = _mapping(argument, value, MAX_CLASSIFIERS)
    for key, item in found.items():
        if key in RESERVED:
            raise SettingError(argument, f"{key} is reserved for scans that the service repeats")
        for text in (key, item):
            if isinstance(text, str) and len(text) > MAX_CLASSIFIER:
                raise SettingError(argument, f"{told(text)} is longer than {MAX_CLASSIFIER} characters")
    return found


def parse_environment(argument: str, value: object) -> dict[str, Scalar]:
    """Variables for an external scanner; a `SettingError` names `argument`."""
    found = _mapping(argument, value, MAX_VARIABLES)
    for name, item in found.items():
        if not _VARIABLE.fullmatch(name):
            raise SettingError(argument, f"{told(name)} is no name of an environment variable")
        if isinstance(item, str) and len(item) > MAX_VARIABLE:
            raise SettingError(argument, f"{name} is longer than {MAX_VARIABLE} characters")
    return found


def parse_debug_mode(argument: str, value: object) -> bool | list[str]:
    """True or false, or words; a `SettingError` names `argument`."""
    if value is None:
        return False
    if isinstance(value, bool):
        return value
    given = value if isinstance(value, list) else [value]
    words = [word for word in given if isinstance(word, str) and len(word) <= MAX_MODE]
    if len(words) < len(given):
        raise SettingError(argument, f"is {told(value)}, neither true nor false nor a list of words")
    return [word for word in words if word]


def _mapping(argument: str, value: object, limit: int) -> dict[str, Scalar]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise SettingError(argument, f"is {told(value)}, not an object")
    if len(value) > limit:
        raise SettingError(argument, f"has {len(value)} entries, more than {limit}")
    for key, item in value.items():
        if not isinstance(item, str | int | float):
            raise SettingError(argument, f"{told(key)} is {told(item)}, not a text, a number, true or false")
    return value
