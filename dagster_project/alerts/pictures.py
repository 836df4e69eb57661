"""The charts of a digest as pictures inside the mail, each drawn once whoever gets it. Nothing is worded here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from dagster_project.alerts.entries import Chart

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Picture:
    """A PNG in a mail, light and dark, by their Content-IDs without brackets, and how large it is shown."""

    content_id: str
    png: bytes
    dark_content_id: str
    dark_png: bytes
    words: str
    width: int
    height: int


def pictures_of(charts: Sequence[Chart], key: str, domain: str) -> dict[Chart, Picture]:
    """A picture for each that can be drawn, named so that the same message made twice has the same names."""
    pictures = {}
    for place, chart in enumerate(charts, start=1):
        try:
            png, dark_png, width, height = _drawn(chart)
        except Exception as error:
            # A manager who is told without a picture is told; its numbers stand in the plain text.
            _log.warning("a chart of a digest could not be drawn: %s", type(error).__name__)
            continue
        of_this = f"{place}.{key}@{domain}"
        pictures[chart] = Picture(
            f"chart-{of_this}", png, f"chart-dark-{of_this}", dark_png, chart.words, width, height
        )
    return pictures


@lru_cache(maxsize=256)
def _drawn(chart: Chart) -> tuple[bytes, bytes, int, int]:
    from dagster_project.reports.small_charts import DARK, LIGHT, size_of, year_of_months

    target = None if chart.target is None else (chart.target, "target")
    png, dark_png = (
        year_of_months(chart.points, chart.month, chart.bounds, target, chart.last, chart.severity, tones)
        for tones in (LIGHT, DARK)
    )
    return (png, dark_png, *size_of(png))
