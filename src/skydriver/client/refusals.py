"""What the statuses of a service's answers mean: the same errors as inside it, with its own sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skydriver.errors import (
    DeniedError,
    ImpossibleError,
    InputError,
    RequestError,
    SkyDriverError,
    StateError,
    TooLargeError,
    UnavailableError,
    UnknownError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

MAX_LETTERS: Final = 2000
"""Of a service's sentence; more is cut off."""
_KINDS: Final[Mapping[int, type[SkyDriverError]]] = {
    400: InputError,
    404: UnknownError,
    409: StateError,
    413: TooLargeError,
    422: ImpossibleError,
    429: UnavailableError,
}


def error_of(answer: httpx.Response) -> SkyDriverError:
    """The error that an answer of status 400 or more stands for."""
    status, sentence = answer.status_code, sentence_of(answer)
    if status in {401, 403}:
        return DeniedError(sentence, known=status == 403)
    if status >= 500:
        return UnavailableError(sentence)
    return _KINDS.get(status, RequestError)(sentence)


def sentence_of(answer: httpx.Response) -> str:
    """What the service says is wrong; its reason phrase where it says it in no other way."""
    try:
        content = answer.json()
    except ValueError:
        content = None
    said = content.get("error") if isinstance(content, dict) else None
    text = (
        said if isinstance(said, str) and said else f"the service answers {answer.status_code} {answer.reason_phrase}"
    )
    return " ".join(text.split())[:MAX_LETTERS]
