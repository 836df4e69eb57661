"""The command line: parse, call, print. What a command does lives in the packages."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dagster_project.commands import retention
from dagster_project.commands.alerting import alerts, health
from dagster_project.commands.backing_up import backup, restore
from dagster_project.commands.compacting import compact
from dagster_project.commands.crosswalk import rotate_key, who
from dagster_project.commands.figures import figures
from dagster_project.commands.forecasting import forecast
from dagster_project.commands.inspecting import inspect_file
from dagster_project.commands.investing import investments
from dagster_project.commands.option import option
from dagster_project.commands.options import (
    DONE,
    FAILED,
    INTERRUPTED,
    Council,
    EngineName,
    From,
    Month,
    To,
    day_of,
    month_of,
    month_range,
    refuse_unregistered,
)
from dagster_project.commands.papers import pack, paper
from dagster_project.commands.policy import policy
from dagster_project.commands.quarantine import quarantine
from dagster_project.commands.rebuilding import rebuild
from dagster_project.commands.recipients import recipients
from dagster_project.commands.site import site
from dagster_project.commands.terminal import make_console, progress_bar
from dagster_project.commands.workbench import metrics, notebook, sql
from dagster_project.errors import (
    PlainError,
    was_interrupted,
    words_of_the_system,
    words_of_the_unexpected,
)
from dagster_project.settings import Settings, SettingsError, load_settings, make_home, make_private

if TYPE_CHECKING:
    from dagster_project.load import LoadReport

app = typer.Typer(
    name="caseload",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help=(
        "Children's social care caseloads, workforce and agency cost, month by month: landed extracts in, checked "
        "marts and alerts out.\n\n"
        "Extracts land in [bold]$CASELOAD_HOME/landing/<council>/<YYYY-MM>/<extract>.csv[/] (or .xlsx); "
        "[bold]caseload load[/] takes in what is new and publishes the marts in "
        "[bold]$CASELOAD_HOME/published/current[/]. CASELOAD_HOME is ./data unless set; CASELOAD_PSEUDONYM_KEY is the "
        "secret under which identifiers are hashed. What each load did, step by step, is logged in "
        "[bold]$CASELOAD_HOME/logs[/].\n\n"
        "Exit codes: 0 done, 1 a delivery was refused or a load failed, 2 wrong usage, 130 Ctrl-C."
    ),
)


@app.command()
def demo() -> None:
    """Make the sample councils' extracts, load every month and show what comes out.

    Makes a pseudonym key of its own in the data directory when CASELOAD_PSEUDONYM_KEY is not set. Running it again
    changes nothing.
    """
    from dagster_project.demo import prepare

    settings = load_settings()
    console = make_console()
    console.print(f"Sample deliveries go to {settings.landing}", markup=False)
    written = prepare(settings)
    console.print(f"{written.files} files lie there, {written.changed} of them new.")
    report = _load(settings, None, (None, None))
    _print_report(console, settings, report, whole=True)
    raise typer.Exit(FAILED if report.has_failures else DONE)


@app.command()
def sample() -> None:
    """Write the sample councils' extracts into the landing area, without loading them.

    The same bytes every time; files that are there already are left alone.
    """
    from dagster_project.samples import write_samples

    settings = load_settings()
    make_home(settings)
    make_private(settings.landing)
    paths = write_samples(settings.home)
    make_console().print(f"{len(paths)} sample files lie under {settings.landing}", markup=False)


@app.command()
def load(
    council: Council = None,
    month: Month = None,
    from_: From = None,
    to: To = None,
    wait: Annotated[
        int,
        typer.Option(min=0, help="Minutes to wait for another load that is at work, instead of giving up."),
    ] = 0,
    engine: EngineName = "duckdb",
) -> None:
    """Take in everything new in the landing area and publish the marts.

    A file that is in force already changes nothing. A refused file leaves the last good delivery of its month in
    force, and the exit code is 1.

    Examples: [bold]caseload load[/]  ·  [bold]caseload load --council ambershire --month 2024-05[/]  ·
    [bold]caseload load --from 2023-04 --to 2024-03[/]
    """
    settings = load_settings()
    months = month_range(month, from_, to)
    refuse_unregistered(settings, council)
    if not settings.pseudonym_key_variable and settings.demo_key_file.is_file():
        Console(stderr=True).print(
            "CASELOAD_PSEUDONYM_KEY is not set: the key that the demo made for this data directory is used.",
            markup=False,
        )
    report = _load(settings, council, months, wait * 60, engine)
    _print_report(make_console(), settings, report, whole=False)
    raise typer.Exit(FAILED if report.has_failures else DONE)


@app.command()
def status(
    council: Council = None,
    month: Month = None,
    from_: From = None,
    to: To = None,
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="List every delivery by its name instead.")
    ] = False,
) -> None:
    """Show the manifest: what arrived, what was refused and why, what is missing, which rows are in quarantine.

    Quarantine names extract, row, column and rule, never a value.
    """
    from dagster_project.reports.manifest import print_deliveries, print_status

    settings = load_settings()
    refuse_unregistered(settings, council)
    show = print_deliveries if deliveries else print_status
    show(make_console(), settings, council, month_range(month, from_, to))


@app.command()
def withdraw(
    delivery: Annotated[str, typer.Argument(help="Its name, from caseload status --deliveries.")],
    why: Annotated[
        str, typer.Option(help="The reason, kept and published: nothing personal belongs here.")
    ] = "",
    undo: Annotated[bool, typer.Option("--undo", help="Bring a withdrawn delivery back.")] = False,
    engine: EngineName = "duckdb",
) -> None:
    """Take a delivery out of force: the last good one of its month before it, or none, stands in its place at once.

    The file may stay in landing; it is left alone until its bytes change. The manifest keeps who stood when, so
    [bold]caseload as-known[/] still tells what was known.

    Example: [bold]caseload withdraw ambershire-2024-05-posts-20240603T060000-1a2b --why "last year's file"[/]
    """
    from dagster_project.warehouse import Engine
    from dagster_project.withdrawal import withdraw as run_withdraw

    if not why and not undo:
        raise typer.BadParameter("say why the delivery is withdrawn", param_hint="--why")
    settings = load_settings()
    with progress_bar() as told:
        done = run_withdraw(settings, delivery, why, undo=undo, progress=told, engine=Engine(engine))
    console = make_console()
    console.print(f"{delivery} {'stands again' if undo else 'is withdrawn'}.", markup=False, highlight=False)
    console.print(
        f"In force of {done.delivery.council} {done.delivery.month:%Y-%m} {done.delivery.extract}: "
        + (done.in_force.delivery if done.in_force else "nothing"),
        markup=False,
        highlight=False,
    )
    if done.report:
        _print_report(console, settings, done.report, whole=False)


@app.command(name="as-known")
def as_known(
    day: Annotated[str, typer.Argument(metavar="DATE", help="The day, YYYY-MM-DD; its end, in UTC.")],
    month: Annotated[str | None, typer.Option(help="Show the units of this month, YYYY-MM.")] = None,
    council: Council = None,
) -> None:
    """Rebuild every mart as it was known on a day: what had arrived and was not withdrawn by then.

    Uses the reference data of the last publication of that time and today's product. The marts lie in
    published/as-known/DATE; the current ones are not touched.

    Example: [bold]caseload as-known 2022-06-30 --month 2022-03[/]
    """
    from dagster_project.history import as_known as run_as_known
    from dagster_project.reports import published, terminal

    settings = load_settings()
    first = month_of(month, "--month") if month else None
    refuse_unregistered(settings, council)
    with progress_bar() as told:
        known = run_as_known(
            settings, day_of(day), council=council, on_node=lambda name: told("build", 0, 0, name)
        )
    console = make_console()
    rows = published.unit_rows(settings, [council] if council else [], known.folder / "marts.duckdb", first)
    terminal.print_units(console, rows, known.state.reference.parent_units)
    if not rows:
        console.print("Nothing was known of that month." if first else "No cases were known.")
    with_reference = (
        f"the reference data of {known.state.publication.published_at[:10]}"
        if known.state.publication
        else "today's reference data"
    )
    if known.state.gone:
        console.print(f"Not whole: {known.state.words_of_what_is_gone}", markup=False)
    console.print(f"As known at the end of {known.day}, with {with_reference}: {known.folder}", markup=False)


@app.command()
def changes(
    from_: Annotated[str | None, typer.Option("--from", help="Publication before, by its load.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Publication after; the last unless named.")] = None,
    council: Council = None,
    mart: Annotated[str | None, typer.Option(help="Only this mart.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show every value.")] = False,
    to_file: Annotated[
        Path | None, typer.Option(help="Write every value to this CSV, workers by key.")
    ] = None,
) -> None:
    """Show which published values moved between two publications, by how much, and which delivery moved them.

    The last two publications unless named; older ones than are kept are rebuilt as they were known. Where several
    deliveries could have moved a value, the states between them are built, so that each is told apart.
    """
    from dagster_project.history import compare_publications, print_changes, write_changes

    settings = load_settings()
    refuse_unregistered(settings, council)
    with progress_bar() as told:
        found = compare_publications(
            settings,
            from_,
            to,
            council=council,
            mart=mart,
            on_node=lambda name: told("build", 0, 0, name),
        )
    console = make_console()
    print_changes(console, found, everything=everything)
    if to_file:
        console.print(f"{len(found.moved):,} values in {write_changes(found, to_file)}", markup=False)


@app.command()
def publish(
    to: Annotated[Path, typer.Option(help="Folder to copy to, for instance on a file share.")],
    tier: Annotated[
        str,
        typer.Option(
            help="public: small numbers suppressed. internal: exact. restricted: internal and workers."
        ),
    ] = "internal",
    restricted: Annotated[bool, typer.Option(help="The same as --tier restricted.")] = False,
) -> None:
    """Copy a tier of the published marts to a folder: plain files, no links, each replaced whole.

    What may go on a public site or share is [bold]--tier public[/], and nothing else is copied with it.
    """
    from dagster_project.warehouse import Tier, copy_to

    if tier not in set(Tier):
        raise typer.BadParameter(f"{tier!r} is none of {', '.join(Tier)}", param_hint="--tier")
    asked = Tier.RESTRICTED if restricted else Tier(tier)
    if restricted and tier == Tier.PUBLIC:
        raise typer.BadParameter("the public tier holds no workers", param_hint="--restricted")
    tiers = [Tier.INTERNAL, Tier.RESTRICTED] if asked == Tier.RESTRICTED else [asked]
    copied = copy_to(load_settings(), to, *tiers)
    make_console().print(f"{len(copied)} files copied to {to}", markup=False)


@app.command(name="import-dfe")
def import_dfe(
    file: Annotated[Path, typer.Argument(help="DfE's published CSV of workforce indicators.")],
    each: Annotated[bool, typer.Option(help="List every rate that our formulas do not give.")] = False,
) -> None:
    """Import DfE's published statistics and compare the published rates with our own formulas.

    Rows take the place of rows of the same authority and year; the same file again changes nothing. The marts are
    built and published at once. A file with a number or symbol that cannot be read is refused whole.
    """
    from dagster_project.official_statistics import import_statistics, print_import

    settings = load_settings()
    with progress_bar() as told:
        imported = import_statistics(settings, file, progress=told)
    print_import(make_console(), settings, imported, each=each)


@app.command()
def shadow(
    file: Annotated[Path, typer.Argument(help="The spreadsheet, CSV or XLSX: columns unit, measure, value.")],
    council: Annotated[str, typer.Option(help="The council, by its slug in councils.csv.")],
    month: Annotated[str, typer.Option(help="The month, YYYY-MM.")],
) -> None:
    """Compare a loaded month with the spreadsheet made by hand, cell by cell, and explain each difference.

    Names the rule that gives the spreadsheet's figure, or two rules together; which cases and workers make the
    difference lies in a private workbook. The exit code is 1 where a cell is unexplained or could not be compared.

    Example: [bold]caseload shadow may.xlsx --council ambershire --month 2024-05[/]
    """
    from dagster_project.reference import load_reference
    from dagster_project.shadow import compare, print_comparison, write_private_file

    settings = load_settings()
    first = month_of(month, "--month")
    refuse_unregistered(settings, council)
    reference = load_reference(settings)
    comparison = compare(settings, reference, file, council, first)
    private_file = write_private_file(settings, comparison)
    print_comparison(make_console(), comparison, reference.unit_titles, private_file)
    raise typer.Exit(DONE if comparison.is_understood else FAILED)


app.command(name="purge")(retention.purge)
app.command(name="original")(retention.original)


def _load(
    settings: Settings,
    council: str | None,
    months: tuple[date | None, date | None],
    wait_seconds: float = 0,
    engine: str = "duckdb",
) -> LoadReport:
    from dagster_project.load import load as run_load
    from dagster_project.warehouse import Engine

    def say(holder: str) -> None:
        Console(stderr=True).print(f"Waiting for another load: {holder}.", markup=False, soft_wrap=True)

    with progress_bar() as told:
        return run_load(
            settings,
            council=council,
            months=months,
            progress=told,
            wait_seconds=wait_seconds,
            on_wait=say,
            engine=Engine(engine),
        )


def _print_report(console: Console, settings: Settings, report: LoadReport, *, whole: bool) -> None:
    """What the load did; with `whole` also what the marts say and where everything lies."""
    from dagster_project.reports import published, terminal

    terminal.print_arrival(console, report.arrival)
    terminal.print_damaged(console, report)
    if report.published or whole:
        reference = report.reference
        touched = (
            sorted({row.council for row in report.build.scope if row.reach == 0}) if report.build else []
        )
        councils = [] if whole else touched
        if (whole or touched) and published.published_file(settings).exists():
            terminal.print_units(console, published.unit_rows(settings, councils), reference.parent_units)
            terminal.print_breaches(console, published.breach_rows(settings, councils), reference.unit_titles)
            if whole:
                terminal.print_figures(console, published.whole_figures(settings))
    terminal.print_to_mend(console, report)
    terminal.print_checks(console, report)
    terminal.print_alerts(console, report)
    terminal.print_recipients(console, report)
    terminal.print_sealed(console, report.sealed)
    terminal.print_compacted(console, report.compacted)
    terminal.print_pages(console, settings, report)
    arrival = report.arrival
    if not any(
        (
            arrival.recorded,
            arrival.already_loaded,
            arrival.only_sealed,
            arrival.refused_before,
            arrival.withdrawn_before,
            arrival.purged_before,
        )
    ):
        console.print(f"No delivery lies under {settings.landing}.", markup=False)
    if report.changed_nothing:
        console.print("[bold]Nothing new: the marts are as they were.[/]")
    terminal.print_seconds(console, report.seconds)
    if whole:
        terminal.print_places(console, settings)


app.command(name="quarantine")(quarantine)
# A key may be negative and is no option.
app.command(name="who", context_settings={"ignore_unknown_options": True})(who)
app.command(name="rotate-key")(rotate_key)
app.command(name="figures")(figures)
app.add_typer(policy, name="policy")
app.add_typer(recipients, name="recipients")
app.command(name="forecast")(forecast)
app.command(name="investments")(investments)
app.command(name="option")(option)
app.command(name="inspect")(inspect_file)
app.command(name="paper")(paper)
app.command(name="pack")(pack)
app.command(name="site")(site)
app.command(name="rebuild")(rebuild)
app.command(name="compact")(compact)
app.command(name="backup")(backup)
app.command(name="restore")(restore)
app.command(name="sql")(sql)
app.command(name="metrics")(metrics)
app.command(name="notebook")(notebook)
app.add_typer(alerts)
app.command(name="health")(health)


def main() -> None:
    """Run the command line; every failure is a sentence on standard error and an exit code, never a traceback."""
    try:
        app()
    except SettingsError as error:
        _fail(str(error))
    except Exception as error:
        if was_interrupted(error):
            sys.exit(INTERRUPTED)
        _fail(_words(error))


def _words(error: Exception) -> str:
    """What to tell of a failure. Words of our own errors are safe; another's may hold a value, so only its kind."""
    from dagster_project.deliveries.pseudonyms import CollisionError
    from dagster_project.extracts import SpecificationError
    from dagster_project.history import ChangesError
    from dagster_project.installation_lock import LoadInProgressError
    from dagster_project.official_statistics import StatisticsFileError
    from dagster_project.quality import SuiteError
    from dagster_project.reference import ReferenceDataError
    from dagster_project.shadow import ShadowError
    from dagster_project.warehouse import NothingKnownError, PublishingError, TransformationError
    from dagster_project.withdrawal import WithdrawalError

    if isinstance(error, ReferenceDataError):
        return "The reference data cannot be used:\n  " + "\n  ".join(error.problems)
    if isinstance(error, TransformationError):
        return "The marts could not be built; what was published stays.\n  " + "\n  ".join(error.failures)
    if isinstance(error, StatisticsFileError):
        return "The file was not imported.\n  " + "\n  ".join(error.problems)
    ours = (
        PlainError,
        ChangesError,
        CollisionError,
        LoadInProgressError,
        NothingKnownError,
        PublishingError,
        ShadowError,
        SpecificationError,
        SuiteError,
        WithdrawalError,
    )
    if isinstance(error, ours):
        return str(error)
    return words_of_the_system(error) or f"{words_of_the_unexpected(error)} Nothing published was changed."


def _fail(words: str) -> None:
    make_console(stderr=True).print(f"Error: {words}", markup=False, highlight=False, soft_wrap=True)
    sys.exit(FAILED)
