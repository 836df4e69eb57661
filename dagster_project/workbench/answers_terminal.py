"""An answer by metric, for a terminal or as CSV. Computes nothing."""

from __future__ import annotations

import csv
import sys
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.spreadsheets import csv_row
from dagster_project.workbench.metrics import Answer

NAMED = 3
"""Council, unit and period come first; what follows is a metric each."""


def write_answer(console: Console, answer: Answer, *, as_csv: bool) -> None:
    """Every row; what is unknown is an empty cell of the CSV and a dash of the table."""
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(answer.columns)
        writer.writerows(csv_row(row) for row in answer.rows)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for position, column in enumerate(answer.columns):
        table.add_column(column, justify="left" if position < NAMED else "right")
    for row in answer.rows:
        table.add_row(*(escape(_shown(value)) for value in row))
    console.print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, Decimal) else str(value)
