"""One thing told, in words: in full, or as a row among others of its metric. No markup, no addresses of servers, no
comparing with thresholds: an entry repeats the verdict. Workers are counted here and lose their keys here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.alerts.breach import Breach
from dagster_project.alerts.calendar_words import month_words
from dagster_project.alerts.corrections import correction_label, correction_words
from dagster_project.alerts.metrics import Metric, Metrics
from dagster_project.page_addresses import unit_page

NOT_WHOLE = "rows of this month are in quarantine or of no known unit, so the figure may still change"
SEVERITY_WORDS = {"breach": "Breach", "warning": "Warning", "info": "Information"}
OVER_WORDS = {"resolved": "Resolved", "withdrawn": "Withdrawn"}
STATE_WORDS = {**OVER_WORDS, "unknown": "Unknown"}


@dataclass(frozen=True)
class Told:
    """A breach that is due to someone, and the severity it counts with: its own, or of what it resolves."""

    breach: Breach
    severity: str


@dataclass(frozen=True)
class Chart:
    """What a picture of the last months shows; `by_month` and `words` say the same to who sees no picture."""

    points: tuple[tuple[date, Decimal], ...]
    month: date
    bounds: tuple[tuple[Decimal, str], ...]
    target: Decimal | None
    severity: str
    last: str
    by_month: str
    words: str


@dataclass(frozen=True)
class Entry:
    """One thing told in full. Workers have a statement, no measure. `facts` are label, text."""

    council_name: str
    unit_name: str
    level: str
    severity: str
    verdict: str
    statement: str
    measure: str
    exact: str
    facts: tuple[tuple[str, str], ...]
    chart: Chart | None
    page: str

    @property
    def tone(self) -> str:
        """What it looks like: what is over is not alarming, however grave it was."""
        return "resolved" if self.verdict in OVER_WORDS.values() else self.severity

    @property
    def number(self) -> str:
        """The measure in one line, with what stood before rounding."""
        return f"{self.measure} ({self.exact} before rounding)" if self.exact else self.measure


@dataclass(frozen=True)
class Row:
    """One thing told among others of its metric; `note` is empty or says what to know of it."""

    council_name: str
    unit_name: str
    level: str
    number: str
    since: str
    way: str
    trend: str
    note: str
    page: str


@dataclass(frozen=True)
class Table:
    """Rows under one verdict of one policy, said once; `way` is what their ways to the target are counted in."""

    heading: str
    severity: str
    verdict: str
    band: str
    source: str
    way: str
    goal: str
    since: str
    rows: tuple[Row, ...]


def entry_of(group: Sequence[Told], metrics: Metrics, site: str, *, with_chart: bool) -> Entry:
    """One breach of a unit, or the breaches of several of its workers, in full. `site`: where its pages lie."""
    breach, severity = group[0].breach, group[0].severity
    words = metrics[breach.metric]
    is_workers = breach.worker_key is not None
    measure, exact = ("", "") if is_workers else _number(breach, words)
    facts = (
        ("Band", clean(breach.band_label or breach.band)),
        # Months, value and distance to target are one worker's own: only the count and the rule are told.
        *(() if is_workers else _facts_of_unit(breach, words)),
        ("Rule", rule(breach, words)),
        ("Source", clean(breach.source)),
        ("Policy", clean(breach.policy_id)),
        ("Not judged", f"{breach.unjudged_because}; it is not over" if breach.unjudged_because else ""),
        (correction_label([told.breach for told in group]), _correction(group, words)),
        ("Note", "" if breach.is_complete else NOT_WHOLE),
    )
    return Entry(
        council_name=clean(breach.council_name),
        unit_name=clean(breach.unit_name),
        level=_level(breach),
        severity=severity,
        verdict=STATE_WORDS.get(breach.state) or SEVERITY_WORDS.get(severity, ""),
        statement=_statement(group, words),
        measure=measure,
        exact=exact,
        facts=tuple((label, text) for label, text in facts if text),
        chart=_chart(breach, words) if with_chart else None,
        page=page_of(breach, site),
    )


def row_of(group: Sequence[Told], metrics: Metrics, site: str, *, note: str = "") -> Row:
    """The same as a row; that not all rows of its month could be read is noted."""
    breach = group[0].breach
    words = metrics[breach.metric]
    if breach.over_because:
        number, since, way, trend = "", _short(breach.since_month), "", ""
    elif breach.worker_key is not None:
        number, since, way, trend = ("1 worker" if len(group) == 1 else f"{len(group)} workers"), "", "", ""
    else:
        shown = _shown(breach)
        number = "" if shown is None else f"{words.number(shown)}{'%' if words.unit == '%' else ''}"
        since = _short(breach.since_month)
        way = " / ".join(_plain(amount) for amount, _, _ in _ways(breach))
        trend = breach.trend or ""
    corrected = _correction(group, words) if breach.state in OVER_WORDS else ""
    notes = (note, breach.over_because, corrected, "" if breach.is_complete else NOT_WHOLE)
    return Row(
        council_name=clean(breach.council_name),
        unit_name=clean(breach.unit_name),
        level=_level(breach),
        number=number,
        since=since,
        way="" if breach.state in OVER_WORDS else way,
        trend=trend,
        note="; ".join(text for text in notes if text),
        page=page_of(breach, site),
    )


def table_of(one: Told, rows: Sequence[Row], metrics: Metrics) -> Table:
    """Rows of the metric and verdict of `one`."""
    breach = one.breach
    words = metrics[breach.metric]
    is_over = breach.state in OVER_WORDS
    is_told_by_words = breach.worker_key is not None or words.unit.casefold() in words.words.casefold()
    unit = "" if words.unit == "%" or is_told_by_words else words.unit
    ways = [] if is_over or breach.worker_key is not None else _ways(breach)
    bands = (clean(breach.band_label or breach.band), rule(breach, words))
    return Table(
        heading=", ".join(part for part in (words.words, unit) if part),
        severity=breach.state if is_over else one.severity,
        verdict=OVER_WORDS[breach.state] if is_over else SEVERITY_WORDS.get(one.severity, ""),
        band=": ".join(part for part in bands if part),
        source=clean(breach.source),
        way=" / ".join(f"{which} {of}" for _, of, which in ways),
        goal="To be within" if breach.target is None else "To target",
        since="Began" if is_over else "Since",
        rows=tuple(rows),
    )


def page_of(breach: Breach, site: str) -> str:
    """The address of the unit's page; empty where no site is known."""
    return f"{site.rstrip('/')}/{unit_page(breach.council, breach.unit)}" if site else ""


def rule(breach: Breach, words: Metric) -> str:
    lower = "" if breach.lower is None else f"{words.number(breach.lower)} or more"
    upper = "" if breach.upper is None else f"below {words.number(breach.upper)}"
    return " and ".join(bound for bound in (lower, upper) if bound)


def short_month(day: date) -> str:
    return f"{month_words(day)[:3]} {day.year}"


def _short(day: date | None) -> str:
    return "" if day is None else short_month(day)


def clean(text: str | None) -> str:
    """Reference data on one line: a line break in a name must not break a header or the plain text."""
    return " ".join((text or "").split())


def _facts_of_unit(breach: Breach, words: Metric) -> tuple[tuple[str, str], ...]:
    return (
        ("Target", _target(breach, words)),
        ("To reach it" if breach.target is not None else "To be within", _way(breach)),
        ("Since", _since(breach)),
        ("Trend", _trend(breach, words)),
    )


def _statement(group: Sequence[Told], words: Metric) -> str:
    breach = group[0].breach
    if breach.worker_key is None:
        return words.words
    return words.about_workers(
        len(group), clean(breach.unit_name), breach.experience, breach.state in OVER_WORDS
    )


def _correction(group: Sequence[Told], words: Metric) -> str:
    return correction_words([told.breach for told in group], words)


def _level(breach: Breach) -> str:
    return breach.level if breach.worker_key is None else "workers"


def _shown(breach: Breach) -> Decimal | None:
    return breach.value if breach.rounded_value is None else breach.rounded_value


def _number(breach: Breach, words: Metric) -> tuple[str, str]:
    """The number as the mart rounded it, with its unit, and the exact one where that says more."""
    shown = _shown(breach)
    return ("no figure this month", "") if shown is None else (words.measure(shown), _exact(breach, words))


def _exact(breach: Breach, words: Metric) -> str:
    shown = _shown(breach)
    return "" if breach.value is None or breach.value == shown else words.number(breach.value)


def _target(breach: Breach, words: Metric) -> str:
    value, target = breach.value, breach.target
    if target is None:
        return ""
    if value is None or value == target:
        return words.number(target) if value is None else f"on the target of {words.number(target)}"
    side = "above" if value > target else "below"
    return f"{words.number(abs(value - target))} {side} the target of {words.number(target)}"


def _way(breach: Breach) -> str:
    """What would bring the figure back. Where nothing is missing any more there is nothing to say."""
    return ", or ".join(f"{which} {of}: {_plain(amount)}" for amount, of, which in _ways(breach))


def _ways(breach: Breach) -> list[tuple[Decimal, str, str]]:
    """How much of what, and whether fewer or more of it."""
    both = (
        (breach.fewer_to_target, breach.fewer_of, "fewer"),
        (breach.more_to_target, breach.more_of, "more"),
    )
    return [(amount, clean(of), which) for amount, of, which in both if amount and of]


def _plain(amount: Decimal) -> str:
    """Whole things whole, and hundredths of what is not."""
    whole, _, fraction = f"{amount:f}".partition(".")
    return f"{whole}.{fraction}" if fraction.strip("0") else whole


def _since(breach: Breach) -> str:
    """The month in which it was new, and how many months at warning or worse there are by now."""
    months = breach.months_in_breach
    lasted = "" if months < 1 else "first month" if months == 1 else f"{months} months at warning or worse"
    since = breach.since_month or (breach.month if breach.state == "new" else None)
    return ", ".join(part for part in ("" if since is None else month_words(since), lasted) if part)


def _trend(breach: Breach, words: Metric) -> str:
    """Against the figure last judged, which need not be that of the month before."""
    if breach.trend is None or breach.previous_value is None:
        return ""
    before = f"{words.number(breach.previous_value)} when last judged"
    return f"same as {before}" if breach.trend == "same" else f"{breach.trend} than {before}"


def _chart(breach: Breach, words: Metric) -> Chart | None:
    """None where there is no month before. Of workers it shows how many there were."""
    if len(breach.history) < 2:
        return None
    if breach.worker_key is not None:
        return _chart_of_workers(breach, words)
    shown = _shown(breach)
    if shown is None:
        return None
    percent = "%" if words.unit == "%" else ""
    numbers = ", ".join(
        f"{short_month(month)} {words.number(value)}{percent}" for month, value in breach.history
    )
    bounds = tuple(
        (bound, f"{words.number(bound)}{percent}")
        for bound in (breach.lower, breach.upper)
        if bound is not None
    )
    target = "" if breach.target is None else f" Target {words.number(breach.target)}{percent}."
    return Chart(
        points=breach.history,
        month=breach.month,
        bounds=bounds,
        target=breach.target,
        severity=breach.severity,
        last=f"{words.number(shown)}{percent}",
        by_month=numbers,
        words=f"{words.words}, {clean(breach.unit_name)}, by month: {numbers}."
        f" {SEVERITY_WORDS.get(breach.severity, '')} is {rule(breach, words)}.{target}",
    )


def _chart_of_workers(breach: Breach, words: Metric) -> Chart:
    """How many workers of the unit were outside the threshold; no bound of one worker's figure fits to that."""
    numbers = ", ".join(f"{short_month(month)} {_plain(count)}" for month, count in breach.history)
    return Chart(
        points=breach.history,
        month=breach.month,
        bounds=(),
        target=None,
        severity=breach.severity,
        last=_plain(breach.history[-1][1]),
        by_month=f"workers: {numbers}",
        words=f"{words.words}, workers outside the threshold, {clean(breach.unit_name)}, by month: {numbers}.",
    )
