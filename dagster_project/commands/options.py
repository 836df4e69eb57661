"""Options that several commands take, and the errors of those who use them wrongly."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import typer

from dagster_project.settings import Settings

DONE, FAILED = 0, 1
INTERRUPTED = 130
"""As a shell tells of Ctrl-C."""

Council = Annotated[str | None, typer.Option(help="Only this council, by its slug in councils.csv.")]
Month = Annotated[str | None, typer.Option(help="Only this month, YYYY-MM.")]
From = Annotated[str | None, typer.Option("--from", help="From this month on, YYYY-MM.")]
To = Annotated[str | None, typer.Option("--to", help="Up to and with this month, YYYY-MM.")]
EngineName = Annotated[
    Literal["duckdb", "spark"],
    typer.Option(
        "--engine",
        help="What runs the models of the marts: the same rows either way. spark is an optional extra.",
    ),
]


def month_range(month: str | None, first: str | None, last: str | None) -> tuple[date | None, date | None]:
    if month and (first or last):
        raise typer.BadParameter("give either --month, or --from and --to")
    if month:
        only = month_of(month, "--month")
        return only, only
    months = (month_of(first, "--from") if first else None, month_of(last, "--to") if last else None)
    if months[0] and months[1] and months[0] > months[1]:
        raise typer.BadParameter(f"--from {first} is later than --to {last}")
    return months


def month_of(text: str, option: str) -> date:
    from dagster_project.load import parse_month

    try:
        return parse_month(text)
    except ValueError:
        raise typer.BadParameter(
            f"{option} {text!r} is not a month: write it as YYYY-MM, such as 2018-05"
        ) from None


def refuse_unregistered(settings: Settings, council: str | None) -> None:
    if council is None:
        return
    from dagster_project.reference import load_reference

    known = load_reference(settings).councils
    if council not in known:
        raise typer.BadParameter(
            f"--council {council!r} is not registered; known are {', '.join(sorted(known))}. "
            f"Register it in {settings.council_reference / 'councils.csv'}."
        )


def day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: YYYY-MM-DD is wanted", param_hint="DATE") from None
