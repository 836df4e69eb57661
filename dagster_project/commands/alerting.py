"""Commands on alerts and on how the service runs."""

from __future__ import annotations

import getpass
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.commands.options import DONE, FAILED, Council, refuse_unregistered
from dagster_project.commands.terminal import make_console
from dagster_project.settings import load_settings

if TYPE_CHECKING:
    from dagster_project.health import Sent

alerts = typer.Typer(
    name="alerts",
    no_args_is_help=False,
    help="Thresholds that stand crossed, who knows of them, and every message with its fate; ack, mute, send, resend.",
)

Place = Annotated[str, typer.Argument(metavar="COUNCIL/UNIT", help="The unit, such as ambershire/north.")]
Metric = Annotated[str, typer.Argument(help="The metric, as caseload alerts lists it.")]
AnyMetric = Annotated[str, typer.Argument(help="The metric; every metric unless given.")]
By = Annotated[str, typer.Option("--by", help="Who; the account of this machine unless given.")]
Until = Annotated[str | None, typer.Option(help="Up to and with this day, YYYY-MM-DD.")]


@alerts.callback(invoke_without_command=True)
def overview(
    context: typer.Context,
    council: Council = None,
    severity: Annotated[
        str, typer.Option(help="From this severity on: info, warning or breach.")
    ] = "warning",
    messages: Annotated[int, typer.Option(help="How many of the latest messages to show.")] = 20,
) -> None:
    """List what stands crossed with who acknowledged or muted it, and messages with their fate."""
    if context.invoked_subcommand:
        return
    from dagster_project.alerts import listing
    from dagster_project.alerts.breach import rank
    from dagster_project.alerts.ledger import open_ledger
    from dagster_project.health.terminal import print_messages, print_mutes, print_standing
    from dagster_project.reference import load_reference

    if not rank(severity):
        raise typer.BadParameter("info, warning or breach is wanted", param_hint="--severity")
    settings, console, now = load_settings(), make_console(), _now()
    refuse_unregistered(settings, council)
    reference = load_reference(settings)
    if not settings.alert_ledger.is_file():
        console.print("Nothing was ever loaded here, so nobody was told anything.")
        return
    with open_ledger(settings.alert_ledger) as ledger:
        found = [
            one
            for one in listing.standing_breaches(ledger, reference.parent_units, now)
            if council in (None, one.row.council)
        ]
        shown = [one for one in found if rank(one.row.severity) >= rank(severity)]
        print_standing(console, shown, len(found) - len(shown))
        print_mutes(console, listing.standing_mutes(ledger, now, council))
        print_messages(console, listing.messages(ledger, messages, council))


@alerts.command()
def ack(
    place: Place,
    metric: Metric,
    note: Annotated[str, typer.Option(help="What is done about it, kept: nothing personal belongs here.")],
    by: By = "",
    until: Until = None,
) -> None:
    """Acknowledge a crossed threshold: it is not escalated, and it is told again only when it gets worse.

    With --until it is told again, once, when that day is over and it still stands.

    Example: [bold]caseload alerts ack ambershire/north average_caseload --by "Team manager" --note "two starters in
    May" --until 2026-06-01[/]
    """
    from dagster_project.alerts import desk

    row = desk.acknowledge(
        load_settings(),
        place,
        metric,
        by_whom=by or _user(),
        note=note,
        until=_day(until) if until else None,
        by_user=_user(),
        now=_now(),
    )
    _retell()
    _say(
        f"{metric} of {row.unit_name} is acknowledged at {row.severity}, by {by or _user()}"
        + (f", until {until}." if until else ".")
    )


@alerts.command()
def unack(place: Place, metric: Metric) -> None:
    """Take an acknowledgement back: the days until it is told to the unit above begin anew."""
    from dagster_project.alerts import desk

    desk.withdraw_acknowledgement(load_settings(), place, metric, by_user=_user(), now=_now())
    _retell()
    _say(f"{metric} of {place} is acknowledged no more.")


@alerts.command()
def mute(
    place: Place,
    until: Annotated[str, typer.Option(help="Up to and with this day, YYYY-MM-DD.")],
    why: Annotated[str, typer.Option(help="The reason, kept: nothing personal belongs here.")],
    metric: AnyMetric = "",
) -> None:
    """Tell nothing of a unit and all below it until a day is over, not even what gets worse.

    Example: [bold]caseload alerts mute ambershire/north average_caseload --until 2026-06-30 --why "team moves"[/]
    """
    from dagster_project.alerts import desk
    from dagster_project.reference import load_reference

    settings = load_settings()
    reference = load_reference(settings)
    metrics = {row["metric"] for row in reference.rows("threshold_policy")}
    desk.mute(
        settings,
        reference.parent_units,
        metrics,
        place,
        metric,
        until=_day(until),
        why=why,
        by_user=_user(),
        now=_now(),
    )
    _retell()
    _say(f"{metric or 'Every metric'} of {place} and below is muted until {until}.")


@alerts.command()
def unmute(place: Place, metric: AnyMetric = "") -> None:
    """Tell what was muted again."""
    from dagster_project.alerts import desk

    desk.unmute(load_settings(), place, metric, by_user=_user(), now=_now())
    _retell()
    _say(f"{metric or 'Every metric'} of {place} is muted no more.")


@alerts.command()
def send(
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Also what still waits for its next try.")
    ] = False,
) -> None:
    """Send what is due: messages whose next try has come, what nobody acknowledged in time, faults of the service.

    Runs beside a load and changes no figure; let the scheduler call it every quarter of an hour. The exit code is 1
    where something was not taken.
    """
    from dagster_project.health import send_due
    from dagster_project.reference import load_reference

    settings = load_settings()
    sent = send_due(settings, load_reference(settings), _now(), at_once=at_once)
    raise typer.Exit(_print_sent(sent))


@alerts.command()
def resend(message_id: Annotated[str, typer.Argument(help="The Message-ID or its beginning.")]) -> None:
    """Send a message again under the same Message-ID, also one that was taken or given up; who asked is kept."""
    from dagster_project.alerts import desk
    from dagster_project.health import send_due
    from dagster_project.reference import load_reference

    settings = load_settings()
    desk.offer_again(settings, message_id, by_user=_user(), now=_now())
    raise typer.Exit(_print_sent(send_due(settings, load_reference(settings), _now())))


@alerts.command(name="try")
def try_(
    role: Annotated[str, typer.Option(help="Only recipients of this role; all unless given.")] = "",
) -> None:
    """Send every recipient a trial message and show what each server or service answered."""
    from dagster_project.health import try_channels
    from dagster_project.reference import load_reference

    settings = load_settings()
    raise typer.Exit(_print_sent(try_channels(settings, load_reference(settings), role, _now())))


def health() -> None:
    """Say what is wrong with the service, one line each, and exit with 1; with 0 where nothing is.

    For a monitor to poll: reads only, beside a load too, and prints neither secrets nor personal data.
    """
    from dagster_project.health import now_wrong, proof_of_life
    from dagster_project.reference import ReferenceDataError, load_reference

    settings = load_settings()
    try:
        reference = load_reference(settings)
    except ReferenceDataError as error:
        _say(
            f"reference: the reference data cannot be used, {len(error.problems)} to mend: `caseload load` lists them"
        )
        raise typer.Exit(FAILED) from None
    wrong = now_wrong(settings, reference, _now())
    for one in wrong:
        _say(f"{one.kind}: {one.words} (since {one.since:%Y-%m-%d %H:%M} UTC)")
    if not wrong:
        _say("ok: " + "; ".join(proof_of_life(settings)))
    raise typer.Exit(FAILED if wrong else DONE)


def _print_sent(sent: Sent) -> int:
    from dagster_project.health.terminal import print_sent

    print_sent(make_console(), sent.messages, sent.not_sent)
    return FAILED if sent.not_sent else DONE


def _retell() -> None:
    """The alerts pages say it too; where a load goes on or cannot begin, the next one draws them."""
    from dagster_project.installation_lock import LoadInProgressError
    from dagster_project.load import only_load, retell
    from dagster_project.reference import ReferenceDataError, load_reference

    settings = load_settings()
    with (
        suppress(LoadInProgressError, ReferenceDataError),
        only_load(settings, "an entry of who knows of an alert"),
    ):
        retell(settings, load_reference(settings))


def _say(words: str) -> None:
    make_console().print(words, markup=False, highlight=False, soft_wrap=True)


def _now() -> datetime:
    return datetime.now(UTC)


def _user() -> str:
    """The account that ran the command; a machine may not know its name."""
    with suppress(OSError, KeyError):
        return getpass.getuser()
    return "unknown"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day: YYYY-MM-DD is wanted", param_hint="--until") from None
