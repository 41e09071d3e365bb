"""Network streams of httpcore on which a wait for an answer is cut short when the worker is to end."""

from __future__ import annotations

import math
import ssl
import time
from typing import TYPE_CHECKING, Any

from httpcore import NetworkStream, ReadError, ReadTimeout, SyncBackend

if TYPE_CHECKING:
    from collections.abc import Iterable

    from httpcore import SOCKET_OPTION

    from skydriver.worker.leash import Leash


class WatchedBackend(SyncBackend):
    """As its parent, but waits go through `leash`, whose exceptions come out of the request."""

    def __init__(self, leash: Leash) -> None:
        self._leash = leash
        self.deadline = math.inf
        """Of the whole answer, by `time.monotonic`; a timeout of httpcore is for each piece of it."""

    def await_readable(self, socket: Any, timeout: float | None) -> None:
        """Return when it can be read; a `ReadTimeout` in time."""
        left_s = self.deadline - time.monotonic()
        if left_s <= 0.0 or not self._leash.wait([socket], left_s if timeout is None else min(timeout, left_s)):
            raise ReadTimeout("timed out")

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """A stream to `host`."""
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return WatchedStream(stream, self)


class WatchedStream(NetworkStream):
    """A stream whose reads wait as `backend` does."""

    def __init__(self, stream: NetworkStream, backend: WatchedBackend) -> None:
        self._stream = stream
        self._backend = backend

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most `max_bytes`, none at the end."""
        socket = self._stream.get_extra_info("socket")
        if isinstance(socket, ssl.SSLSocket):
            return self._read_secure(socket, max_bytes, timeout)
        self._backend.await_readable(socket, timeout)
        return self._stream.read(max_bytes, timeout)

    def _read_secure(self, socket: ssl.SSLSocket, max_bytes: int, timeout: float | None) -> bytes:
        """The same where what comes may be no data, but a matter of the encryption: that must not block either."""
        socket.settimeout(0.0)
        while True:
            try:
                return socket.recv(max_bytes)
            except ssl.SSLWantReadError:
                self._backend.await_readable(socket, timeout)
            except OSError as error:
                raise ReadError(str(error)) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`."""
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        """Hang up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> NetworkStream:
        """The same stream, encrypted from now on."""
        return WatchedStream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._backend)

    def get_extra_info(self, info: str) -> Any:
        """As httpcore asks for it."""
        return self._stream.get_extra_info(info)
