"""The command line's entry: its commands, and what each error means for the exit code."""

from __future__ import annotations

import sys

import typer

from skydriver import __version__
from skydriver.cli.abort import abort
from skydriver.cli.calibrate import calibrate
from skydriver.cli.compare import compare
from skydriver.cli.database import db
from skydriver.cli.doctor import doctor
from skydriver.cli.event import event
from skydriver.cli.find import find
from skydriver.cli.get import get
from skydriver.cli.output import accept_all_letters, complain
from skydriver.cli.plot import plot
from skydriver.cli.products import products
from skydriver.cli.scan import scan
from skydriver.cli.serve import serve
from skydriver.cli.simulate import simulate
from skydriver.cli.status import status
from skydriver.cli.submit import submit
from skydriver.cli.watch import watch
from skydriver.errors import InputError, RequestError, ResultError, SkyDriverError, UnavailableError

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

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Where in the sky did a neutrino alert come from?",
)
ON_THIS_MACHINE = (scan, products, plot, compare, event, simulate, calibrate)
OF_A_SERVICE = (serve, submit, watch, status, get, find, abort, db, doctor)
for command in (*ON_THIS_MACHINE, *OF_A_SERVICE):
    app.command()(command)


def _print_version(value: bool) -> None:  # noqa: FBT001 - typer hands over the option's value
    if value:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_print_version, is_eager=True, help="Print the version."),  # noqa: FBT001, FBT003
) -> None:
    """Options that stand before a command."""


def exit_code(error: SkyDriverError) -> int:
    """The exit code that an error leads to."""
    if isinstance(error, InputError | RequestError):
        return 2
    if isinstance(error, UnavailableError):
        return 8
    return 3 if isinstance(error, ResultError) else 1


def main() -> None:
    """Run the command line."""
    accept_all_letters()
    try:
        app()
    except SkyDriverError as error:
        complain(f"error: {_one_line(str(error))}")
        sys.exit(exit_code(error))


def _one_line(text: str) -> str:
    """A text whose control characters, which may come from a file's name, are escaped."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
