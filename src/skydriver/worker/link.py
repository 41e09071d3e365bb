"""A worker's way to the service: requests that are repeated until they are answered, or the service is silent too long.

Redirects are not followed, and no proxy is taken from the environment.
"""

from __future__ import annotations

import random
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpcore
import orjson

from skydriver.errors import DeniedError, TaskEnvironmentError, UnavailableError, UnknownError
from skydriver.log import get_logger
from skydriver.worker.watched import WatchedBackend

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.worker.leash import Leash

SILENCE_S = 60.0
"""The service may be silent for so long."""
CONNECT_S = 5.0
ANSWER_S = 5.0
"""An answer is waited for so long, or so much longer than it was asked to wait."""
KEPT_ALIVE_S = 4.0
"""A connection is used again within so long; servers close it later than that."""
MAX_ANSWER_BYTES = 32_000_000
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 5.0
"""Between tries; each is twice the one before, times 0.5 to 1 by chance."""
BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})
"""A request with such an answer is repeated."""

log = get_logger()
Json = dict[str, Any]


class _Unanswered(Exception):  # noqa: N818 - no error: it is tried again
    """A try came to nothing."""


class Link:
    """Requests to one service, one at a time.

    Parameters
    ----------
    url
        Of the service, without a slash at its end.
    token
        Who asks; it may be replaced by a newer one.
    leash
        What cuts every wait short.
    silence_s
        The service may be silent for so long.
    tls
        How the service is known where its address is https.
    """

    def __init__(
        self, url: str, token: str, leash: Leash, silence_s: float = SILENCE_S, tls: ssl.SSLContext | None = None
    ) -> None:
        self.token = token
        self._url = url.rstrip("/")
        self._host = urlsplit(self._url).netloc.rpartition("@")[2].encode()
        self._leash = leash
        self._silence_s = silence_s
        self._silent_since: float | None = None
        self._backend = WatchedBackend(leash)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls, max_connections=1, keepalive_expiry=KEPT_ALIVE_S, network_backend=self._backend
        )

    def close(self) -> None:
        """Hang up."""
        self._pool.close()

    def post(self, path: str, body: Json, *, wait_s: float = 0.0, limit_s: float | None = None) -> Json:
        """The answer, repeated until there is one.

        Parameters
        ----------
        path
            Of the route, with the slash at its beginning.
        body
            To be sent as JSON; NaN is null.
        wait_s
            The service may take so long to answer, beside what is usual.
        limit_s
            Try for so long, instead of as long as the service may be silent.

        Raises
        ------
        UnavailableError
            If the service is silent for too long.
        DeniedError
            If the token is no good.
        UnknownError
            If there is no such worker.
        TaskEnvironmentError
            If it refuses the request for another reason, or its answer is none.
        """
        return _object(path, self._repeated(lambda: self._ask("POST", path, body, wait_s), limit_s))

    def post_once(self, path: str, body: Json) -> Json | None:
        """The same, or None where one try got no answer and the service may yet be silent for longer."""
        try:
            return _object(path, self._ask("POST", path, body, 0.0))
        except _Unanswered as problem:
            self._missed(problem, None)
            return None

    def get(self, path: str) -> bytes:
        """The bytes that are there, with the errors of `post`."""
        return self._repeated(lambda: self._ask("GET", path, None, 0.0), None)

    def _repeated(self, ask: Callable[[], bytes], limit_s: float | None) -> bytes:
        pause_s = FIRST_PAUSE_S
        until = None if limit_s is None else time.monotonic() + limit_s
        while True:
            try:
                return ask()
            except _Unanswered as problem:
                self._missed(problem, until)
            self._leash.wait([], pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - so that workers do not come at once
            pause_s = min(2.0 * pause_s, LONGEST_PAUSE_S)

    def _missed(self, problem: _Unanswered, until: float | None) -> None:
        """Give up if the service was silent for too long."""
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
            log.info("service_silent", problem=str(problem))
        if now >= (self._silent_since + self._silence_s if until is None else until):
            raise UnavailableError(f"the service gave no answer for {now - self._silent_since:.0f} s: {problem}")

    def _ask(self, method: str, path: str, body: Json | None, wait_s: float) -> bytes:
        """One try."""
        headers = [(b"Authorization", f"Bearer {self.token}".encode()), (b"Accept", b"*/*")]
        headers.append((b"Host", self._host))  # httpcore's own lacks the brackets of IPv6
        content = None
        if body is not None:
            content = orjson.dumps(body)
            headers.append((b"Content-Type", b"application/json"))
        self._backend.deadline = time.monotonic() + CONNECT_S + ANSWER_S + wait_s
        limits = {"connect": CONNECT_S, "read": ANSWER_S + wait_s, "write": ANSWER_S, "pool": ANSWER_S}
        try:
            with self._pool.stream(
                method, self._url + path, headers=headers, content=content, extensions={"timeout": limits}
            ) as response:
                answer = _bounded(path, response)
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            if isinstance(error.__context__, ssl.SSLCertVerificationError):
                raise TaskEnvironmentError(f"{self._url} has a certificate that is no good: {error}") from error
            raise _Unanswered(f"{type(error).__name__} {error}".strip()) from error
        except (httpcore.UnsupportedProtocol, UnicodeError) as error:
            raise TaskEnvironmentError(f"{self._url} is no address of a service: {error}") from error
        if response.status in BUSY:
            raise _Unanswered(f"it answers {response.status}")
        self._heard()
        if response.status != 200:
            raise _refusal(path, response.status, answer)
        return answer

    def _heard(self) -> None:
        if self._silent_since is not None:
            log.info("service_back", seconds=round(time.monotonic() - self._silent_since, 1))
            self._silent_since = None


def _bounded(path: str, response: httpcore.Response) -> bytes:
    """The body, unless it is too large."""
    answer = bytearray()
    for chunk in response.iter_stream():
        answer += chunk
        if len(answer) > MAX_ANSWER_BYTES:
            raise TaskEnvironmentError(f"the service's answer to {path} is more than {MAX_ANSWER_BYTES} bytes")
    return bytes(answer)


def _object(path: str, answer: bytes) -> Json:
    try:
        found = orjson.loads(answer)
    except orjson.JSONDecodeError as error:
        raise TaskEnvironmentError(f"the service's answer to {path} is not JSON") from error
    if not isinstance(found, dict):
        raise TaskEnvironmentError(f"the service's answer to {path} is no JSON object")
    return found


def _refusal(path: str, status: int, answer: bytes) -> Exception:
    """What an answer other than 200 means to a worker."""
    try:
        sentence = str(_object(path, answer)["error"])[:300]
    except (TaskEnvironmentError, KeyError):
        sentence = f"it answers {status} to {path}"
    sentence = "".join(c if c.isprintable() else " " for c in sentence)
    if status in {401, 403}:
        return DeniedError(f"the service denies it: {sentence}", known=status == 403)
    if status == 404:
        return UnknownError(f"the service does not know it: {sentence}")
    return TaskEnvironmentError(f"the service refuses it: {sentence}")
