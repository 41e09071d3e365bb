"""The command line's entry: its commands, and what each error means for the exit code."""

from __future__ import annotations

import sys

import typer

from skydriver import __version__
from skydriver.cli.calibrate import calibrate
from skydriver.cli.compare import compare
from skydriver.cli.event import event
from skydriver.cli.output import accept_all_letters, complain
from skydriver.cli.plot import plot
from skydriver.cli.products import products
from skydriver.cli.scan import scan
from skydriver.cli.simulate import simulate
from skydriver.errors import InputError, ResultError, SkyDriverError

EXIT_CODES = {
    0: "done",
    1: "SkyDriver could not do its work; the message says why",
    2: "the input is at fault; nothing was written",
    3: "a result could not be read or written",
    4: "every pixel failed: there is no best fit",
    5: "the maps that were compared do not agree",
    130: "interrupted; what was finished is written, and named partial if the map is not whole",
}
"""What the exit codes mean. `docs/cli.md` repeats them."""

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Where in the sky did a neutrino alert come from?",
)
for command in (scan, products, plot, compare, event, simulate, calibrate):
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
    if isinstance(error, InputError):
        return 2
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
