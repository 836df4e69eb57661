"""What an analyst works with: a shell on the published marts, and notebooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.commands.options import FAILED, From, To, month_range
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings

OfTier = Annotated[
    str, typer.Option("--tier", help="internal; restricted: with rows of workers; public: as suppressed.")
]


def sql(
    query: Annotated[
        str | None, typer.Option("--command", "-c", help="Answer this and end, instead of a prompt.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="Answer what this file asks and end.", exists=True, dir_okay=False),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--format", help="box, csv, json, markdown, table, html or line.")
    ] = None,
    tier: OfTier = "internal",
) -> None:
    """Open DuckDB's shell on the published marts. Nothing can be changed; a load going on is not disturbed.

    In the shell, from marts() lists the marts with what they hold, from columns_of('caseload_bands') the columns of
    one, from find('agency') where something stands. The exit code is the shell's: 1 where a query fails.

    Examples: [bold]caseload sql[/]  ·  [bold]caseload sql -c "from find('vacancy')"[/]  ·
    [bold]caseload sql --format csv -c "from caseload_bands where council = 'ambershire'" > bands.csv[/]
    """
    from dagster_project.workbench import FORMATS, GREETING, MARTS_FILES, marts_file, run_shell

    if query is not None and file is not None:
        raise typer.BadParameter("give a query or a file, not both", param_hint="--command / --file")
    _one_of(tier, tuple(MARTS_FILES), "--tier")
    _one_of(output, (None, *FORMATS), "--format")
    asked = file.read_text(encoding="utf-8") if file else query
    marts = marts_file(load_settings(), tier)
    if asked is None and sys.stdin.isatty():
        make_console().print(GREETING, markup=False, highlight=False)
    raise typer.Exit(run_shell(marts, asked, output))


def metrics(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="METRIC...", help="Which; without one they are listed.")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by", help="council, division, service or team, and month, quarter or year: one of each."
        ),
    ] = None,
    council: Annotated[str | None, typer.Option(help="Only this council, by its slug.")] = None,
    from_: From = None,
    to: To = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV instead of a table.")] = False,
    show_sql: Annotated[bool, typer.Option("--sql", help="Print the SQL instead of its answer.")] = False,
) -> None:
    """Ask metrics that are defined once, by unit and period: an average is divided after its parts are added up.

    By council and month unless --by says otherwise. A quarter is of the calendar.

    Examples: [bold]caseload metrics[/]  ·  [bold]caseload metrics average_caseload --by service --by quarter[/]  ·
    [bold]caseload metrics agency_cost_gbp social_worker_vacancy_rate --by year --csv[/]
    """
    from dagster_project.workbench import LEVELS, PERIODS, Question, answer, known_metrics, write_answer

    settings, console = load_settings(), make_console()
    if not names:
        for metric in known_metrics(settings):
            console.print(f"{metric.name:<28} {metric.description}", markup=False, highlight=False)
        return
    wanted = by or []
    levels = [word for word in wanted if word in LEVELS]
    periods = [word for word in wanted if word in PERIODS]
    if len(levels) > 1 or len(periods) > 1 or len(levels) + len(periods) < len(wanted):
        raise typer.BadParameter(
            f"give one of {', '.join(LEVELS)} and one of {', '.join(PERIODS)}", param_hint="--by"
        )
    first, last = month_range(None, from_, to)
    question = Question(
        metrics=tuple(dict.fromkeys(names)),
        level=(levels or ["council"])[0],
        period=(periods or ["month"])[0],
        council=council,
        first=first,
        last=last,
    )
    given = answer(settings, question)
    if show_sql:
        typer.echo(given.sql)
    elif not given.rows:
        console.print("Nothing is published for that council, level and time.")
    else:
        write_answer(console, given, as_csv=as_csv)


def notebook(
    name: Annotated[
        str | None, typer.Argument(help="One of the worked notebooks; without it they are listed.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Of the notebook's page, on this machine only.")] = None,
    as_page: Annotated[
        bool, typer.Option("--page", help="Show it as a page without its code, to look and not to change.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address instead of opening a browser.")
    ] = False,
) -> None:
    """Open a worked notebook over the published marts in a browser, as your own copy to change.

    The copy lies in $CASELOAD_HOME/notebooks and is never overwritten: delete it to start afresh. Served to this
    machine only, behind a token in the address.

    Examples: [bold]caseload notebook[/]  ·  [bold]caseload notebook caseload_drill_down[/]
    """
    from dagster_project.workbench import notebooks, open_notebook

    console = make_console()
    if name is None:
        for known, about in notebooks().items():
            console.print(f"{known:<28} {about}", markup=False)
        return
    _one_of(name, tuple(notebooks()), "NAME")
    code = open_notebook(load_settings(), name, port=port, as_page=as_page, no_browser=no_browser)
    raise typer.Exit(FAILED if code else 0)


def _one_of(value: str | None, known: tuple[str | None, ...], hint: str) -> None:
    if value not in known:
        words = ", ".join(word for word in known if word)
        raise typer.BadParameter(f"{value} is none of {words}", param_hint=hint)
