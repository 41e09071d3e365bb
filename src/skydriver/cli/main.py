"""The command line's entry: its commands, and what each error means for the exit code."""

from __future__ import annotations

import sys

import typer

from skydriver import __version__
from skydriver.cli.abort import abort
from skydriver.cli.backlog import backlog
from skydriver.cli.bundle import bundle
from skydriver.cli.calibrate import calibrate
from skydriver.cli.compare import compare
from skydriver.cli.database import db
from skydriver.cli.doctor import doctor
from skydriver.cli.event import event
from skydriver.cli.exits import exit_code
from skydriver.cli.find import find
from skydriver.cli.get import get
from skydriver.cli.image import image
from skydriver.cli.output import accept_all_letters, complain, one_line
from skydriver.cli.plot import plot
from skydriver.cli.products import products
from skydriver.cli.rescan import rescan
from skydriver.cli.scan import scan
from skydriver.cli.serve import serve
from skydriver.cli.simulate import simulate
from skydriver.cli.status import status
from skydriver.cli.submit import submit
from skydriver.cli.token import token
from skydriver.cli.watch import watch
from skydriver.cli.worker import worker
from skydriver.errors import SkyDriverError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Where in the sky did a neutrino alert come from?",
)
ON_THIS_MACHINE = (scan, products, plot, compare, event, simulate, calibrate)
OF_A_SERVICE = (
    serve,
    submit,
    watch,
    status,
    get,
    find,
    backlog,
    rescan,
    abort,
    token,
    db,
    doctor,
    worker,
    bundle,
    image,
)
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


def main() -> None:
    """Run the command line."""
    accept_all_letters()
    try:
        app()
    except SkyDriverError as error:
        complain(f"error: {one_line(str(error))}")
        sys.exit(exit_code(error))
