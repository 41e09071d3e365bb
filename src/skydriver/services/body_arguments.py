"""The arguments of a request that stand in its body: which there are, and how one is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.errors import SettingError
from skydriver.services.json_values import OF_ARGUMENTS, check_value, told
from skydriver.services.scan_arguments import refuse_unknown, whole

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def only(arguments: dict[str, object], known: Collection[str], route: str) -> dict[str, object]:
    """The same arguments; a `SettingError` names one that there is not."""
    refuse_unknown(arguments, known, route)
    return arguments


class Given:
    """The arguments of one request, few and small; null is as good as left out.

    Parameters
    ----------
    arguments
        As they came.
    known
        The names that there are.
    route
        For sentences, such as ``POST /scan/ID/actions/rescan``.

    Raises
    ------
    SettingError
        Naming an argument that there is not, or one that holds what nothing can hold.
    """

    def __init__(self, arguments: Mapping[str, object], known: Collection[str], route: str) -> None:
        refuse_unknown(arguments, known, route)
        for name, value in arguments.items():
            check_value(name, value, OF_ARGUMENTS)
        self._given = arguments

    def get(self, name: str) -> object:
        """An argument as it came; None where it was left out."""
        return self._given.get(name)

    def required(self, name: str) -> object:
        """The same of one that must be given."""
        value = self.get(name)
        if value is None:
            raise SettingError(name, "is missing")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where it was left out."""
        value = self.get(name)
        if not isinstance(value, bool | None):
            raise SettingError(name, f"is {told(value)}, neither true nor false")
        return value is True

    def count(self, name: str, most: int) -> int:
        """A whole number from 1 that must be given, or its digits."""
        value = self.required(name)
        found = whole(value)
        if found is None or not 1 <= found <= most:
            raise SettingError(name, f"is {told(value)}, not a whole number from 1 to {most}")
        return found

    def text(self, name: str, longest: int) -> str:
        """A text of 1 to `longest` characters that must be given."""
        value = self.required(name)
        if not isinstance(value, str) or not 1 <= len(value) <= longest:
            raise SettingError(name, f"is {told(value)}, not a text of 1 to {longest} characters")
        return value
