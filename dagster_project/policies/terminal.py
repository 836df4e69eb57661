"""Findings and trials of policies for people. Computes nothing."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from rich.console import Console

from dagster_project.policies.trial import Trial
from dagster_project.reference import Checked
from dagster_project.reports.terminal import titled_table
from dagster_project.spreadsheets import csv_row

CHANGES = {"new": "new", "gone": "gone", "severity": "other severity", "band": "other band"}
MOST_SHOWN = 40
COLUMNS = (
    "council", "unit", "level", "metric", "month", "change", "value", "band_now", "severity_now", "band_tried",
    "severity_tried", "policy_tried", "count",
)  # fmt: skip


def print_checked(console: Console, checked: Checked) -> None:
    """The findings, errors first, each with how to mend it."""
    if not checked.findings:
        console.print(f"{checked.file}: nothing to mend.", markup=False, soft_wrap=True)
        return
    errors = sum(finding.is_error for finding in checked.findings)
    counted = [_counted(errors, "error"), _counted(len(checked.findings) - errors, "warning")]
    table = titled_table(f"{checked.file.name}: {', '.join(counted)}")
    for heading in ("", "row", "column", "rule", "what is wrong, and how to mend it"):
        table.add_column(heading, overflow="fold")
    for finding in sorted(checked.findings, key=lambda finding: not finding.is_error):
        table.add_row(
            "error" if finding.is_error else "warning",
            finding.place.rpartition(", row ")[2] if ", row " in finding.place else "",
            finding.column,
            finding.rule.replace("_", " "),
            f"{_sentence(finding.words)}. {finding.remedy}".strip(),
        )
    console.print(table)
    if errors:
        console.print("A load would stop at the errors; what was loaded before stays.")


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _sentence(words: str) -> str:
    """With a capital, but for what is the name of a metric or a file."""
    return f"{words[:1].upper()}{words[1:]}" if words.partition(" ")[0].isalpha() else words


def print_trial(console: Console, trial: Trial) -> None:
    """What would be otherwise, runs of months on one line, and how much would be told of each level."""
    if not trial.changes:
        console.print("No breach of these months would be otherwise.")
        return
    title = ", ".join(f"{trial.number(change)} {words}" for change, words in CHANGES.items())
    table = titled_table(f"Breaches under the changed policies: {title}")
    for heading in ("metric", "unit", "level", "months", "change", "value", "now", "tried"):
        table.add_column(heading, justify="right" if heading == "value" else "left", overflow="fold")
    lines = [list(run) for _, run in itertools.groupby(trial.changes, key=_of_one_line)]
    for run in lines[:MOST_SHOWN]:
        table.add_row(*_line(run))
    console.print(table)
    if len(lines) > MOST_SHOWN:
        console.print(f"{len(lines) - MOST_SHOWN} more lines: --csv FILE writes them all.")
    _print_told(console, trial)


def write_trial(trial: Trial, path: Path) -> None:
    """Every change as a row of CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(csv_row(row[column] for column in COLUMNS) for row in trial.changes)


def _of_one_line(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(
        row[name]
        for name in ("council", "metric", "unit", "change", "band_now", "band_tried", "severity_tried")
    )


def _line(run: list[dict[str, Any]]) -> list[str]:
    first, last = run[0], run[-1]
    values = sorted({row["value"] for row in run})
    months = f"{first['month']:%Y-%m}" + (f" to {last['month']:%Y-%m}" if last is not first else "")
    workers = sum(row["count"] for row in run)
    level = f"worker ({workers})" if first["level"] == "worker" else first["level"]
    span = f"{values[0]:f}".rstrip("0").rstrip(".")
    if len(values) > 1:
        span += " to " + f"{values[-1]:f}".rstrip("0").rstrip(".")
    return [
        first["metric"],
        first["unit"],
        level,
        months,
        CHANGES[first["change"]],
        span,
        _band(first["severity_now"], first["band_now"]),
        _band(first["severity_tried"], first["band_tried"]),
    ]


def _band(severity: str | None, band: str | None) -> str:
    return f"{severity}: {band}" if severity else "-"


def _print_told(console: Console, trial: Trial) -> None:
    counts: Counter[tuple[str, str, str]] = Counter()
    for row in trial.told:
        counts[row["level"], row["state"], row["which"]] += row["count"]
    table = titled_table("What would be told, by level of the unit: now, and as tried")
    states = ("new", "worsened", "resolved")
    for heading in ("level", *states):
        table.add_column(heading, justify="left" if heading == "level" else "right")
    for level in sorted({level for level, _, _ in counts}):
        table.add_row(
            level,
            *(f"{counts[level, state, 'now']} > {counts[level, state, 'tried']}" for state in states),
        )
    console.print(table)
