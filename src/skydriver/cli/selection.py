"""The options that choose which pulses are fitted, alike for every command that fits."""

from __future__ import annotations

from typing import Annotated

import typer

PulsesOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Pulse series to start from [default: the event's main series].")
]
ExcludeStringsOption = Annotated[
    str | None, typer.Option(metavar="LIST", help="Strings to leave out, such as 1,5-10; odd or even: half of all.")
]
ExcludeDomsOption = Annotated[
    str | None,
    typer.Option(metavar="LIST", help="DOMs to leave out, such as 47-31; saturated, errata, bright: those that are."),
]
DeepcoreOption = Annotated[bool, typer.Option("--deepcore", help="Keep the strings of DeepCore, 79 to 86.")]
TimeWindowOption = Annotated[
    str | None, typer.Option(metavar="START,STOP", help="Leave out what begins outside, ns after the event's start.")
]
ExcludeWindowsOption = Annotated[
    str | None, typer.Option(metavar="LIST", help="Leave out pulses in faulty windows: saturation, errata.")
]


def given(*, deepcore: bool, **options: str | None) -> dict[str, str]:
    """Those of the options that were given, by name, as texts."""
    return {name: text for name, text in options.items() if text is not None} | (
        {"deepcore": "true"} if deepcore else {}
    )
