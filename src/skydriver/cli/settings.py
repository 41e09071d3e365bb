"""Settings of the service from the environment and from options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydriver.config import Settings

OPTIONS = {"local_workers": "workers"}
"""Names of settings that have another one as options."""


def settings_of(**given: object) -> Settings:
    """The settings, those of options first; a `SettingError` names the option or variable that is wrong."""
    from skydriver.config import read_settings
    from skydriver.errors import SettingError

    try:
        return read_settings(**{name: value for name, value in given.items() if value is not None})
    except SettingError as error:
        raise SettingError(OPTIONS.get(error.argument, error.argument), error.problem) from error
