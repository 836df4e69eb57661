"""The charts of a digest as pictures inside the mail, each drawn once whoever gets it. Nothing is worded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dagster_project.alerts.entries import Chart


@dataclass(frozen=True)
class Picture:
    """A PNG in a mail, by its Content-ID without brackets, and how large it is shown."""

    content_id: str
    png: bytes
    words: str
    width: int
    height: int


def pictures_of(charts: Sequence[Chart], key: str, domain: str) -> dict[Chart, Picture]:
    """A picture for each, named so that the same message made twice has the same names."""
    drawn = {}
    for place, chart in enumerate(charts, start=1):
        png, width, height = _drawn(chart)
        drawn[chart] = Picture(f"chart-{place}.{key}@{domain}", png, chart.words, width, height)
    return drawn


@lru_cache(maxsize=256)
def _drawn(chart: Chart) -> tuple[bytes, int, int]:
    from dagster_project.reports.small_charts import size_of, year_of_months

    target = None if chart.target is None else (chart.target, "target")
    png = year_of_months(chart.points, chart.month, chart.bounds, target, chart.last, chart.severity)
    return (png, *size_of(png))
