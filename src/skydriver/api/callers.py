"""Who calls, and what that allows.

While no issuer of tokens is configured the service is reached from its own machine only, and everybody there may do
everything, under the name ``local``, with any token or none; but scanners and workers show tokens that are known. A
token that the service itself made allows what it was made for and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import Depends
from starlette.requests import Request

from skydriver.errors import DeniedError
from skydriver.services import tokens
from skydriver.services.replacing import check_current

if TYPE_CHECKING:
    from collections.abc import Callable

    from skydriver.services.context import Service
    from skydriver.services.tokens import Token

LOCAL: Final = "local"
"""The owner of all scans while there is no issuer."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request."""

    service: Service
    bearer: str | None
    """The token that was sent."""

    @property
    def owner(self) -> str:
        """Under which name scans are stored."""
        return LOCAL

    def as_user(self, scan_id: str | None = None) -> Service:
        """The service, for what users do; a scan's own token may do it for `scan_id`.

        Raises
        ------
        DeniedError
            If the token is for something else.
        """
        token = None if self.bearer is None else tokens.find(self.service, self.bearer)
        if token is not None:
            _check_scope(token, scan_id)
        return self.service

    def as_user_of(self, scan_id: str, *, no_redirect: bool = False) -> Service:
        """The service, for what users do with a scan whose place another may have taken; likewise its own token.

        Raises
        ------
        DeniedError
            If the token is for something else.
        ReplacedError
            If another scan took its place, unless the scan's own token asks, or whoever asks wants none of that.
        """
        service = self.as_user(scan_id)
        if not no_redirect and not self.is_scanner:
            check_current(service, scan_id)
        return service

    @property
    def is_scanner(self) -> bool:
        """Whether the token of a scan was shown."""
        token = None if self.bearer is None else tokens.find(self.service, self.bearer)
        return token is not None and token.kind == "scan"

    def as_scanner(self, scan_id: str) -> Service:
        """The service, for what a scanner says of its scan; a token that was sent must be one of ours.

        Raises
        ------
        DeniedError
            If the token is not known or has expired, or is for something else.
        """
        if self.bearer is not None:
            _check_scope(tokens.check(self.service, self.bearer, "scan"), scan_id)
        return self.service

    def status(self, scan_id: str, look: Callable[[], bytes]) -> bytes:
        """The status of a scan that `look` finds; while the database is away, the one that this caller saw last."""
        who = None if self.bearer is None else tokens.hash_of(self.bearer)
        return self.service.statuses.ask((who, scan_id), look)

    def as_worker(self) -> Token:
        """The token of a worker; a `DeniedError` where there is none that is valid."""
        if self.bearer is None:
            raise DeniedError("Authorization: a worker's token is needed", known=False)
        return tokens.check(self.service, self.bearer, "worker")

    def as_starter(self) -> Token:
        """The token of a job that is about to start a worker, or of a worker; a `DeniedError` where there is none."""
        token = None if self.bearer is None else tokens.find(self.service, self.bearer)
        return self.as_worker() if token is None or token.kind != "starter" else token

    def renewed(self) -> dict[str, object]:
        """A new token in place of a worker's, or for a starter token, and for how long it is good, s."""
        is_starter = self.as_starter().kind == "starter"
        assert self.bearer is not None  # noqa: S101 - for the type checker: a worker has one
        new = (tokens.trade if is_starter else tokens.renew)(self.service, self.bearer)
        with self.service.database.reading() as connection:
            now = self.service.database.now(connection)
        return {"token": new, "expires_s": tokens.check(self.service, new, "worker").expires - now}


def _check_scope(token: Token, scan_id: str | None) -> None:
    if token.kind != "scan" or token.scope != scan_id:
        raise DeniedError(f"Authorization: this token is for {token.kind} {token.scope} alone", known=True)


async def _caller(request: Request) -> Caller:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return Caller(request.app.state.service, bearer or None)


Asking = Annotated[Caller, Depends(_caller)]
