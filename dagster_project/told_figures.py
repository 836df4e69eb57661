"""Figures as they were told, kept in the ledger's file by each announcement and handed to the next build, which can say
by them what a later delivery corrected. Units with their value, workers only while they are flagged. Compares nothing
with a threshold.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

from dagster_project.record_file import LEDGER_BACK, opened_whole

SCHEMA = """
create table if not exists told_figures (
    council text not null, unit text not null, level text not null, metric text not null, month text not null,
    worker text not null, value text, severity text, told_at text not null
);
create index if not exists told_figures_by_subject on told_figures (council, metric, month, worker, unit, told_at);
"""
"""Rows are added and never changed: the last of a subject and month is what was told last."""

WITHOUT = "none"
"""The severity of what is no longer flagged, and (without a value) of what is no longer judged."""


@dataclass(frozen=True)
class ToldFigure:
    """A figure of one unit, or of one worker (`worker` is the key, else empty), metric and month. Values as text."""

    council: str
    unit: str
    level: str
    metric: str
    month: str
    worker: str
    value: str | None
    severity: str | None

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What it is of; a worker is the same in whichever unit."""
        return (self.council, self.metric, self.month, self.worker or f"unit {self.unit}")


_COLUMNS = ", ".join(field.name for field in fields(ToldFigure))


def record(db: sqlite3.Connection, figures: Iterable[ToldFigure], at: str) -> None:
    """Keep what is told now where it differs from what was told last; what is no longer there is kept as that."""
    last = {figure.place: figure for figure in _last(db)}
    now = {figure.place: figure for figure in figures}
    gone = [
        replace(figure, value=None, severity=WITHOUT if figure.worker else None)
        for place, figure in last.items()
        if place not in now
    ]
    db.executemany(
        f"insert into told_figures ({_COLUMNS}, told_at) values (?,?,?,?,?,?,?,?,?)",
        [
            (*astuple(figure), at)
            for figure in (*now.values(), *gone)
            if figure.place not in last or _said(last[figure.place]) != _said(figure)
        ],
    )


def read_told_figures(ledger: Path) -> list[tuple[ToldFigure, str]]:
    """Every figure ever told with the moment of it (UTC, to the second); nothing where there is no such ledger."""
    if not ledger.is_file():
        return []
    with (
        opened_whole(ledger, LEDGER_BACK),
        closing(sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True, timeout=60)) as db,
    ):
        if not db.execute("select 1 from sqlite_master where name = 'told_figures'").fetchone():
            return []
        return [
            (ToldFigure(*row[:-1]), row[-1])
            for row in db.execute(f"select {_COLUMNS}, told_at from told_figures")
        ]


def _last(db: sqlite3.Connection) -> list[ToldFigure]:
    return [ToldFigure(*row) for row in db.execute(f"select {_COLUMNS} from told_figures order by rowid")]


def _said(figure: ToldFigure) -> tuple[str | None, str | None]:
    return (figure.value, figure.severity)
