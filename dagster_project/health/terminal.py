"""Alerts in the terminal: what stands, what is muted, messages and their fate. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.alerts.acknowledgement import Mute
from dagster_project.alerts.listing import Listed, Message
from dagster_project.alerts.outcome import DigestReport, NotSent
from dagster_project.reports.terminal import titled_table


def print_standing(console: Console, found: Sequence[Listed], left_out: int) -> None:
    """The breaches, and how many more were not asked for."""
    if not found:
        console.print("No threshold stands crossed." if not left_out else "None of those asked for stands.")
    table = _table(
        "Thresholds that stand crossed", "unit", "metric", "severity", "since", "state", "answered"
    )
    for one in found:
        row = one.row
        workers = (
            "" if not row.workers else " (1 worker)" if row.workers == 1 else f" ({row.workers} workers)"
        )
        table.add_row(
            escape(f"{row.council}/{row.unit}"),
            escape(row.metric + workers),
            row.severity,
            row.since[:7],
            row.state,
            escape(one.answered or "by nobody"),
        )
    if found:
        console.print(table)
    if left_out:
        _say(
            console,
            f"{left_out} milder {'one is' if left_out == 1 else 'ones are'} not shown; --severity info shows all.",
        )


def print_mutes(console: Console, found: Sequence[Mute]) -> None:
    for one in found:
        what = one.metric or "every metric"
        console.print(
            f"Muted: {what} of {one.council}/{one.unit} and below until {one.until}, by {one.by_user}: {one.why}",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def print_messages(console: Console, found: Sequence[Message]) -> None:
    """Newest last; the Message-ID shortened to what `resend` takes."""
    if not found:
        console.print("No message was ever prepared.")
        return
    table = _table("Messages", "prepared", "to", "subject", "fate", "Message-ID")
    for one in found:
        table.add_row(
            one.prepared_at[:16].replace("T", " "),
            escape(one.role),
            escape(one.subject),
            f"[bold]{escape(one.fate)}[/]" if one.is_waiting else escape(one.fate),
            escape(one.message_id.strip("<>").partition("@")[0][:24]),
        )
    console.print(table)


def print_sent(console: Console, messages: Sequence[DigestReport], not_sent: Sequence[NotSent]) -> None:
    for one in messages:
        if one.delivered:
            said = f": {one.reply}" if one.reply else ""
            _say(console, f"Sent to the {one.role} by {one.via}{said}. {one.subject}")
    for missed in not_sent:
        where = " ".join(part for part in (missed.council, missed.unit, missed.role) if part)
        _say(console, f"Not sent: {where}: {missed.reason}")
    if not messages and not not_sent:
        _say(console, "Nothing is due.")


def _say(console: Console, words: str) -> None:
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def _table(title: str, *columns: str) -> Table:
    table = titled_table(title)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in ("severity", "since", "state"))
    return table
