"""`caseload option`: the price of an option nobody has stored yet, beside those that are."""

from __future__ import annotations

from typing import Annotated

import typer

from dagster_project.commands.options import month_of, refuse_unregistered
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.settings import load_settings

UNSAVED = "what_if"


def option(
    council: Annotated[str, typer.Option(help="The council, by its slug in councils.csv.")],
    start: Annotated[str, typer.Option(help="First month, YYYY-MM.")],
    end: Annotated[
        str | None, typer.Option(help="Last month, YYYY-MM; without it the option goes on.")
    ] = None,
    posts: Annotated[
        list[str] | None, typer.Option(help="ROLE=FTE; several by comma or by giving the option again.")
    ] = None,
    non_staffing: Annotated[str | None, typer.Option(help="What is not staffing, GBP a year.")] = None,
    set_up_per_head: Annotated[
        str | None, typer.Option(help="Kit, GBP a head; without it what the role's price list says.")
    ] = None,
    managed_team: Annotated[
        str | None, typer.Option(help="A team bought: GBP/MONTHS, such as 255000/6.")
    ] = None,
    adds_fte: Annotated[
        str | None, typer.Option(help="Social worker FTE it adds; without it that of social worker posts.")
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option(help="The unit it is for: set beside what reaching that unit's caseload target takes."),
    ] = None,
    save: Annotated[
        str | None, typer.Option(help="Keep it under this name in reference/capacity_options.csv.")
    ] = None,
    source: Annotated[str, typer.Option(help="Where its figures are from; kept with it.")] = "",
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print its financial years as CSV instead of tables.")
    ] = False,
) -> None:
    """Price an option from the council's own unit costs, beside the options stored, without changing anything.

    The marts' own models price it. With --save it becomes rows of reference data, which the next load puts into the
    mart capacity_options. The exit code is 1 where a role has no price on the first day.

    Example: [bold]caseload option --council ambershire --start 2024-10 --posts social_worker=6,support_officer=2[/]
    """
    from dagster_project.reference import OptionError, WantedOption, keep_option, load_reference, option_rows
    from dagster_project.reports.options_terminal import print_options, print_ways_to_target, write_rows
    from dagster_project.reports.published import target_option_rows, units_with_target
    from dagster_project.warehouse import price_options

    settings = load_settings()
    refuse_unregistered(settings, council)
    reference = load_reference(settings)
    ways = target_option_rows(settings, council, unit) if unit else []
    if unit and not ways:
        known = ", ".join(units_with_target(settings, council)) or "none yet"
        raise OptionError(
            f"{unit} of {council} has no caseload target of its own that is known; units with one: {known}"
        )
    wanted = WantedOption(
        council=council,
        name=save or UNSAVED,
        starts=month_of(start, "--start"),
        ends=month_of(end, "--end") if end else None,
        posts=posts or [],
        non_staffing=non_staffing,
        set_up_per_head=set_up_per_head,
        managed_team=managed_team,
        adds_fte=adds_fte,
        source=(source or "Priced at the command line by caseload option")
        + (f"; for {unit}" if unit else ""),
    )
    rows = option_rows(wanted, reference)
    with progress_bar() as told:
        priced = price_options(
            settings,
            reference.with_rows("capacity_options", rows),
            council,
            on_node=lambda name: told("build", 0, 0, name),
        )
    unpriced = [
        line for line in priced.lines if line["option"] == wanted.name and line["annual_cost_gbp"] is None
    ]
    if unpriced:
        roles = ", ".join(sorted(line["role"] for line in unpriced))
        raise OptionError(
            f"{council} has no default cost in force on {wanted.starts} for {roles}: add it to "
            f"{settings.council_reference / 'unit_costs.csv'}"
        )
    console = make_console()
    if as_csv:
        write_rows(priced.years, wanted.name)
    else:
        print_options(console, priced.years, priced.lines, wanted.name)
        if ways:
            print_ways_to_target(console, ways, priced.years, wanted.name)
    if save:
        path = keep_option(settings.council_reference, rows)
        if not as_csv:
            console.print(f"Kept as {save} in {path}; the next load puts it into the mart.", markup=False)
