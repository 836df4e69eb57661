"""What the coming months and the financial year are likely to bring."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.commands.options import month_of, refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings


def forecast(
    council: Annotated[str, typer.Option(help="The council, by its slug in councils.csv.")],
    month: Annotated[
        str | None, typer.Option(help="As told from this month, YYYY-MM; the latest one unless named.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="A unit by its slug; the whole council unless named.")
    ] = None,
) -> None:
    """Show the caseload to expect, agency spend to the year's end, and how near such forecasts came.

    An interval comes from how far earlier forecasts were off; where history is too short for one, that is said.

    Example: [bold]caseload forecast --council ambershire --unit frontline --month 2024-05[/]
    """
    from dagster_project.reference import load_reference
    from dagster_project.reports.forecasts import forecast_of
    from dagster_project.reports.forecasts_terminal import print_forecast

    settings = load_settings()
    refuse_unregistered(settings, council)
    first = month_of(month, "--month") if month else None
    titles = load_reference(settings).unit_titles
    if unit and (council, unit) not in titles and unit != "unmapped":
        known = ", ".join(sorted(name for of_council, name in titles if of_council == council))
        raise typer.BadParameter(f"--unit {unit!r} is no unit of {council}; known are {known}")
    print_forecast(make_console(), forecast_of(settings, council, unit, first), titles)
