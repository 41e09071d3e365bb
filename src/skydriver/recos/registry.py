"""Every algorithm by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skydriver.errors import SettingError
from skydriver.recos.crash_dummy import CrashDummy
from skydriver.recos.dummy import Dummy
from skydriver.recos.pandel_mpe import PandelMpe

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.recos.base import Reconstruction

ALGORITHMS: dict[str, Callable[..., Reconstruction]] = {
    "pandel_mpe": PandelMpe.from_text,
    "dummy": Dummy.from_text,
    "crash_dummy": CrashDummy.from_text,
}
"""By name, what makes one; those with options take them as texts."""


def find_reco(text: str) -> Reconstruction:
    """The algorithm that `text` names: ``NAME`` or ``NAME:OPTION:…``, for example ``dummy:7``.

    Raises
    ------
    SettingError
        Naming ``reco``, where there is no such algorithm or it does not take these options.
    """
    name, *options = text.split(":")
    if name not in ALGORITHMS:
        raise SettingError("reco", f"there is no algorithm {name!r}, only {', '.join(sorted(ALGORITHMS))}")
    try:
        return ALGORITHMS[name](*options)
    except TypeError as error:
        raise SettingError("reco", f"{name} does not take the options {':'.join(options)!r}") from error
