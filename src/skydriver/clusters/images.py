"""The catalogue of images that ``docker_tag`` names: the installed package, and folders that hold the same worker."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from skydriver import __version__
from skydriver.errors import ImpossibleError, SettingError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

ENGINE = f"skydriver-{__version__}"
"""What fits, as scans and workers name it."""
EXTERNAL = "external"
"""The tag, and the engine, of scans that a program elsewhere does."""
LATEST = "latest"
PREFIX = "skymap_scanner:"
"""Names of images' folders begin so."""
MARKER = "skydriver-worker.json"
"""The file in an image's folder that says ``{"engine": "skydriver-VERSION"}``: without it the image is not ours."""
MAX_MARKER_BYTES = 10_000
MAX_LISTED = 20
_VERSION = re.compile(r"[vV]?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})", re.ASCII)


class Image(NamedTuple):
    """What a tag stands for."""

    tag: str
    """In full."""
    engine: str
    """`ENGINE` or `EXTERNAL`."""
    folder: Path | None = None
    """Where it lies; None of the installed package, and of what is external."""


class Entry(NamedTuple):
    """One thing in the catalogue."""

    tag: str
    problem: str | None
    """Why no scan can use it, as the rest of a sentence that begins with its name; None if one can."""
    folder: Path | None = None
    """Where it lies; None of the installed package."""


class Catalogue:
    """Images by tag.

    Parameters
    ----------
    roots
        Folders below which images lie, ``skymap_scanner:TAG`` each; one that is away holds none.
    """

    def __init__(self, roots: Sequence[Path] = ()) -> None:
        self._roots = tuple(roots)

    def entries(self) -> list[Entry]:
        """Everything that there is, the installed package first, then the newest."""
        found = {path.name.removeprefix(PREFIX): path for root in self._roots for path in _folders(root)}
        own = found.pop(__version__, None)
        first = Entry(__version__, None, own if own is not None and _problem(own) is None else None)
        tags = sorted(found, key=lambda tag: (_numbers(tag) or (), tag), reverse=True)
        return [first, *(Entry(tag, _problem(found[tag]), found[tag]) for tag in tags)]

    def resolve(self, tag: str) -> Image:
        """The newest image that `tag` names, as a registry would: ``v1`` is the newest 1.x.y.

        Raises
        ------
        SettingError
            Naming ``docker_tag``, if there is none; it says which there are.
        ImpossibleError
            If there is one, but no scan can use it; it says why.
        """
        if tag == EXTERNAL:
            return Image(EXTERNAL, EXTERNAL)
        entries = self.entries()
        named = [entry for entry in entries if _names(tag, entry.tag)]
        usable = next(iter(_newest_first(entry for entry in named if entry.problem is None)), None)
        if usable is not None:
            return Image(usable.tag, ENGINE, usable.folder)
        if named:
            raise ImpossibleError(f"docker_tag: the image {named[0].tag} {named[0].problem}")
        raise SettingError("docker_tag", f"there is no image {tag[:40]!a} here, only {_listed(entries)}")


def _folders(root: Path) -> Iterator[Path]:
    """The images' folders."""
    try:
        yield from sorted(path for path in root.iterdir() if path.name.startswith(PREFIX) and path.is_dir())
    except OSError:
        return


def _problem(folder: Path) -> str | None:
    """Why an image is of no use here."""
    try:
        with (folder / MARKER).open("rb") as file:
            said = json.loads(file.read(MAX_MARKER_BYTES))
    except (OSError, ValueError, RecursionError):
        return f"holds no worker of SkyDriver (no readable {MARKER})"
    engine = said.get("engine") if isinstance(said, dict) else None
    if engine == ENGINE:
        return None
    other = engine if isinstance(engine, str) and re.fullmatch(r"[\w.+-]{1,40}", engine, re.ASCII) else "no engine"
    return f"holds {other}, but the workers here are {ENGINE}"


def _names(asked: str, tag: str) -> bool:
    """Whether the tag that was asked for stands for `tag`."""
    if asked in {tag, f"v{tag}"}:
        return True
    if asked == LATEST:
        return _numbers(tag) is not None
    short, full = _numbers(asked), _numbers(tag)
    return short is not None and full is not None and full[: len(short)] == short


def _numbers(tag: str) -> tuple[int, ...] | None:
    """A version as numbers; None for other tags."""
    match = _VERSION.fullmatch(tag)
    return None if match is None else tuple(int(number) for number in match[1].split("."))


def _newest_first(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: _numbers(entry.tag) or (), reverse=True)


def _listed(entries: Sequence[Entry]) -> str:
    usable = [entry.tag for entry in entries if entry.problem is None][:MAX_LISTED]
    return ", ".join([*usable, LATEST, EXTERNAL])
