"""``skydriver db``: the schema of the service's database."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from skydriver.cli.event import JsonOption
from skydriver.cli.output import put, put_json
from skydriver.cli.service_options import DataOption
from skydriver.cli.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skydriver.services.administration import SchemaState


class Action(StrEnum):
    """What can be done."""

    UPGRADE = "upgrade"
    STATUS = "status"


def db(
    action: Annotated[Action, typer.Argument(help="upgrade: to this release; status: what it is of.")],
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring the database to this release, or say which it is of; code 8 where it is behind."""
    from skydriver.services.administration import schema_state, upgrade

    settings = settings_of(data=data)
    applied = upgrade(settings) if action is Action.UPGRADE else []
    state = schema_state(settings)
    if as_json:
        put_json({**state._asdict(), "applied": applied})
    else:
        put(_lines(state, applied))
    if state.problem is not None:
        raise typer.Exit(8)


def _lines(state: SchemaState, applied: list[str]) -> Iterator[str]:
    yield from (f"Applied    {revision}" for revision in applied)
    revision = "no schema yet" if state.revision is None else f"revision {state.revision}"
    yield f"Database   {state.database}: {revision}, " + (state.problem or "of this release")
