"""The tokens by which a schedd knows us: there, good for a while, and nobody else's to read."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from skydriver.clusters.htcondor.tokens import tokens_in
from skydriver.errors import SettingError

if TYPE_CHECKING:
    from pathlib import Path

    from skydriver.clusters.htcondor.tokens import Token

NAME: Final = "token_directory"
OTHERS: Final = 0o077


def look_at_tokens(folder: Path, now: float | None = None) -> str:
    """Which tokens there are.

    Raises
    ------
    SettingError
        Naming ``token_directory``, if there is none that is good, or others can read them.
    """
    try:
        found = tokens_in(folder)
        for path in (folder, *(folder / token.file for token in found)):
            mode = path.stat().st_mode & 0o777
            if mode & OTHERS:
                raise SettingError(NAME, f"{path} has mode {mode:04o}: others than its owner can use it")
    except OSError as error:
        raise SettingError(NAME, f"{folder} cannot be read: {error.strerror or error}") from error
    if not found:
        raise SettingError(NAME, f"there is no token in {folder}")
    moment = time.time() if now is None else now
    good = [token for token in found if token.expires is None or token.expires > moment]
    if not good:
        raise SettingError(NAME, f"every token in {folder} has expired, {_words(found[0])}")
    return "; ".join(map(_words, good))


def _words(token: Token) -> str:
    if token.expires is None:
        return f"{token.file} of {token.issuer}, without an end"
    return f"{token.file} of {token.issuer}, to {datetime.fromtimestamp(token.expires, UTC):%Y-%m-%d %H:%M} UTC"
