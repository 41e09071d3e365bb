"""The image that a pool's machines run, as far as it can be seen from here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from skydriver.clusters.images import ENGINE, LATEST, MARKER, MAX_MARKER_BYTES, Catalogue
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skydriver.clusters.configured import How

NAME: Final = "image"


def image_of(how: How, roots: Sequence[Path]) -> str:
    """The image of jobs whose scan asks for the latest.

    Raises
    ------
    SettingError
        If there is none.
    """
    if how.image is not None:
        return how.image
    folder = Catalogue(roots).resolve(LATEST).folder
    if folder is None:
        raise SettingError(NAME, f"none is named, and there is none of {ENGINE} below SKYDRIVER_IMAGE_ROOTS")
    return str(folder)


def look_at_image(how: How, roots: Sequence[Path]) -> str:
    """What is seen of it.

    Raises
    ------
    SettingError
        If there is none, or it holds no worker of this release.
    """
    name = image_of(how, roots)
    path = Path(name)
    if not path.is_absolute() or not path.exists():
        if how.transfer_image:
            raise SettingError(NAME, f"there is no {name} here, from where it is to be sent (transfer_image)")
        return f"{name} is not on this machine, so it was not looked at: the pool's machines must see it"
    if path.is_dir():
        return _look_into(path)
    try:
        path.open("rb").close()
    except OSError as error:
        raise SettingError(NAME, f"{path} cannot be read: {error.strerror or error}") from error
    return f"{path}, {path.stat().st_size / 1e6:.0f} MB, is there; what it holds was not looked at"


def _look_into(folder: Path) -> str:
    try:
        with (folder / MARKER).open("rb") as file:
            engine = json.loads(file.read(MAX_MARKER_BYTES))["engine"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingError(NAME, f"{folder} holds no worker of SkyDriver (no readable {MARKER})") from error
    if engine != ENGINE:
        raise SettingError(NAME, f"{folder} holds {str(engine)[:40]!a}, but the workers here are {ENGINE}")
    return f"{folder} holds {ENGINE}"
