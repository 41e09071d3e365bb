"""What the exit codes mean, and which one an error leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from skydriver.errors import SkyDriverError

EXIT_CODES = {
    0: "done",
    1: "SkyDriver could not do its work; the message says why",
    2: "the input is at fault, or a service refuses it; nothing was written",
    3: "a result could not be read or written",
    4: "every pixel failed: there is no best fit",
    5: "the maps that were compared do not agree",
    6: "the service's scan has failed; the message says why",
    7: "the service's scan was aborted",
    8: "the service, its database or its schema is not there or not ready; the same may succeed later",
    130: "interrupted; what was finished is written, named partial if the map is not whole; a service's scan goes on",
}
"""What the exit codes mean. `docs/cli.md` repeats them."""


def exit_code(error: SkyDriverError) -> int:
    """The exit code that an error leads to."""
    from skydriver.errors import InputError, RequestError, ResultError, UnavailableError

    if isinstance(error, InputError | RequestError):
        return 2
    if isinstance(error, UnavailableError):
        return 8
    return 3 if isinstance(error, ResultError) else 1
