"""Settings of the service from the environment and from options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydriver.config import Settings


def settings_of(**given: object) -> Settings:
    """The settings, those of options first; a `SettingError` names the option or variable that is wrong."""
    from skydriver.config import read_settings

    return read_settings(**{name: value for name, value in given.items() if value is not None})
