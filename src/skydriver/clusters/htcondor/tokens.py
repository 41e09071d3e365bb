"""Why a schedd does not know us: what is wrong with the tokens that there are, told without telling any."""

from __future__ import annotations

import base64
import binascii
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 65_536


class Token(NamedTuple):
    """What a token says of itself, unchecked."""

    file: str
    issuer: str
    expires: float | None
    """Seconds since 1970."""


def tokens_in(directory: Path) -> list[Token]:
    """The tokens in a folder; hidden files and what is none are passed over, as HTCondor does."""
    found = []
    for path in sorted(directory.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            with path.open("rb") as file:
                lines = file.read(MAX_BYTES).decode(errors="replace").split()
            found += [token for line in lines if (token := _read(path.name, line)) is not None]
    return found


def trouble(directory: Path, schedd: str, now: float | None = None) -> str:
    """Why `schedd` does not let us in, and what to do, as one sentence."""
    try:
        tokens = tokens_in(directory)
    except OSError as error:
        return f"the tokens in {directory} cannot be read ({error.strerror}), so {schedd} lets nothing be submitted"
    if not tokens:
        return f"there is no token in {directory}: one is to be made where {schedd} runs, with condor_token_create"
    moment = time.time() if now is None else now
    expired = [token for token in tokens if token.expires is not None and token.expires <= moment]
    if len(expired) == len(tokens):
        last = max(expired, key=lambda token: token.expires or 0.0)
        day = datetime.fromtimestamp(last.expires or 0.0, UTC).strftime("%Y-%m-%d %H:%M UTC")
        return f"the token {last.file} in {directory} expired at {day}: {schedd} wants a new one"
    issuers = ", ".join(sorted({token.issuer for token in tokens if token not in expired}))
    return f"{schedd} accepts no token in {directory}: they are of {issuers}, or lack the right to submit (WRITE)"


def _read(name: str, line: str) -> Token | None:
    parts = line.split(".")
    if len(parts) != 3:
        return None
    try:
        said = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    expires = said.get("exp")
    known = isinstance(expires, int | float) and 0 <= expires < 1e11
    return Token(name, "".join(c for c in str(said.get("iss"))[:100] if c.isprintable()), expires if known else None)
