"""What became of the investments of a council."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.commands.options import month_of, refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings


def investments(
    council: Annotated[str, typer.Option(help="The council, by its slug in councils.csv.")],
    month: Annotated[
        str | None, typer.Option(help="By this month, YYYY-MM; the one of which most is known unless named.")
    ] = None,
) -> None:
    """Show the success criteria of each investment before, since and now, and what else moved at the time.

    And whether the change in agency spend would pay for it. It sets figures side by side and claims no cause.

    Example: [bold]caseload investments --council ambershire --month 2024-05[/]
    """
    from dagster_project.reference import load_reference
    from dagster_project.reports.investments import investments_of
    from dagster_project.reports.investments_terminal import print_investments

    settings = load_settings()
    refuse_unregistered(settings, council)
    by = month_of(month, "--month") if month else None
    found = investments_of(settings, council, by)
    reference = load_reference(settings)
    names = {
        unit: title for (of_council, unit), title in reference.unit_titles.items() if of_council == council
    }
    print_investments(make_console(), found, names, reference.rows("metrics"))
