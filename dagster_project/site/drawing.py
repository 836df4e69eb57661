"""Charts as SVG inside a page, coloured by its style sheet, so that they follow the dark scheme and the printer.

Numbers become binary floats here, for their place in the picture only; every figure a page prints comes as words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

from dagster_project.reports.charts import Band, Bar

WIDTH, HEIGHT = 560, 230
LEFT, RIGHT, TOP, BOTTOM = 58, 24, 12, 28
BAND_NAMES = 104
ROW = 30
LABEL, LONG_LABEL = 26, 36


@dataclass(frozen=True)
class Series:
    """A line or a set of columns: its name, and a value for each month or None."""

    name: str
    values: Sequence[Decimal | int | None]


@dataclass(frozen=True)
class Step:
    """A bar of a waterfall, from `start` to `end`; a total stands on the axis."""

    label: str
    words: str
    start: Decimal
    end: Decimal
    is_total: bool


def lines(
    months: Sequence[date],
    series: Sequence[Series],
    bands: Sequence[Band] = (),
    target: Decimal | None = None,
    *,
    is_yearly: bool = False,
    between: tuple[Series, Series] | None = None,
) -> str:
    """Lines over months, or years; one without a value, or not loaded, breaks a line. Bands are shaded behind them.

    `between` are the lower and the upper bound of what is expected: the field between them is filled.
    """
    values = [float(v) for one in (*series, *(between or ())) for v in one.values if v is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    if target is not None:
        low, high = min(low, float(target)), max(high, float(target))
    if bands:
        room = max((high - low) * 0.35, 1.0)
        scale = _Scale(max(0.0, low - room), high + room)
    else:
        scale = _Scale(min(0.0, low), high or 1.0)
    right = RIGHT + (BAND_NAMES if bands else 0)
    x = _Months(months, LEFT, WIDTH - right, months_apart=12 if is_yearly else 1)
    parts = [_shaded(bands, scale, WIDTH - right), _grid(scale, WIDTH - right, bool(bands)), x.axis()]
    if target is not None:
        y = scale.y(float(target))
        parts.append(f'<line class="target" x1="{LEFT}" x2="{WIDTH - right}" y1="{y:.1f}" y2="{y:.1f}"/>')
    if between is not None:
        parts.append(_field(months, *between, x, scale))
    for number, one in enumerate(series):
        parts.append(_line(months, one, x, scale, number))
    return _svg("".join(parts), WIDTH, HEIGHT)


def columns(months: Sequence[date], series: Sequence[Series]) -> str:
    """Columns beside each other for each month."""
    values = [float(v) for one in series for v in one.values if v is not None]
    scale = _Scale(min([0.0, *values]), max([0.0, *values]) or 1.0)
    x = _Months(months, LEFT, WIDTH - RIGHT, is_banded=True)
    wide = max(2.0, min(26.0, x.step * 0.76 / len(series)))
    parts = [_grid(scale, WIDTH - RIGHT, on_bands=False), x.axis()]
    zero = scale.y(0.0)
    for number, one in enumerate(series):
        for month, value in zip(months, one.values, strict=True):
            if value is not None:
                y = scale.y(float(value))
                left = x.x(month) - wide * len(series) / 2 + wide * number
                parts.append(
                    f'<rect class="column s{number}" x="{left:.1f}" y="{min(y, zero):.1f}" '
                    f'width="{wide - 1:.1f}" height="{abs(zero - y):.1f}"/>'
                )
    return _svg("".join(parts), WIDTH, HEIGHT)


def bars(drawn: Sequence[Bar]) -> str:
    """Bars one under the other, each from nought."""
    label_width, words_width = 90, 110
    high = max(*(float(bar.value) for bar in drawn), 0.0) or 1.0
    span = WIDTH - label_width - words_width
    parts = []
    for number, bar in enumerate(drawn):
        top = 6 + number * ROW
        wide = max(float(bar.value) / high * span, 1.0)
        kind = "s1" if bar.is_estimate else "s0"
        parts.append(
            f'<text class="label" x="{label_width - 8}" y="{top + 15}" text-anchor="end">{escape(bar.label)}</text>'
            f'<rect class="column {kind}" x="{label_width}" y="{top}" width="{wide:.1f}" height="21"/>'
            f'<text class="words" x="{label_width + wide + 6:.1f}" y="{top + 15}">{escape(bar.words)}</text>'
        )
    return _svg("".join(parts), WIDTH, 6 + ROW * len(drawn))


def waterfall(steps: Sequence[Step]) -> str:
    """Bars one under the other, each from where the one before ended; totals stand on the axis."""
    # Long labels take two lines, and the room they need.
    is_long = any(len(step.label) > LABEL for step in steps)
    label_width, words_width = (262, 62) if is_long else (170, 62)
    ends = [float(end) for step in steps for end in (step.start, step.end)]
    low, high = min(0.0, *ends), max(0.0, *ends) or 1.0
    span = WIDTH - label_width - words_width

    def x(value: float) -> float:
        return label_width + (value - low) / ((high - low) or 1.0) * span

    parts = []
    for number, step in enumerate(steps):
        top = 6 + number * ROW
        left, right = sorted((x(float(step.start)), x(float(step.end))))
        kind = "total" if step.is_total else "less" if step.end <= step.start else "more"
        parts.append(
            f"{_label(step.label, label_width - 8, top + 15)}"
            f'<rect class="fall {kind}" x="{left:.1f}" y="{top}" width="{max(right - left, 1.0):.1f}" height="21"/>'
            f'<text class="words" x="{right + 6:.1f}" y="{top + 15}">{escape(step.words)}</text>'
        )
        if number + 1 < len(steps):
            end = x(float(step.end))
            parts.append(
                f'<line class="link" x1="{end:.1f}" x2="{end:.1f}" y1="{top + 21}" y2="{top + ROW}"/>'
            )
    height = 6 + ROW * len(steps)
    parts.append(f'<line class="axis" x1="{x(0):.1f}" x2="{x(0):.1f}" y1="0" y2="{height}"/>')
    return _svg("".join(parts), WIDTH, height)


def _label(words: str, x: float, y: float) -> str:
    """A label at the left of its bar, in two lines where it is long."""
    found = wrap(words, LONG_LABEL) if len(words) > LABEL else [words]
    first = y - 6.5 * (len(found) - 1)
    return "".join(
        f'<text class="label" x="{x}" y="{first + 13 * number:g}" text-anchor="end">{escape(line)}</text>'
        for number, line in enumerate(found)
    )


class _Scale:
    """Values to heights, and where the lines of the grid stand."""

    def __init__(self, low: float, high: float) -> None:
        step = 10.0 ** floor(log10((high - low) / 4 or 1.0))
        step *= next(times for times in (1, 2, 2.5, 5, 10) if (high - low) / (step * times) <= 5)
        self.low = floor(low / step) * step
        self.high = ceil(high / step) * step
        if self.high == self.low:
            self.high += step
        self.ticks = [self.low + step * n for n in range(round((self.high - self.low) / step) + 1)]
        self._decimals = 0 if step >= 1 and step != 2.5 else 1 if step >= 0.1 else 2

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - min(max(share, 0.0), 1.0) * (HEIGHT - BOTTOM - TOP)

    def words(self, tick: float) -> str:
        return f"{tick:,.{self._decimals}f}"


class _Months:
    """Months to places across, evenly by the calendar, so that a month that is not loaded leaves its gap."""

    def __init__(
        self,
        months: Sequence[date],
        left: float,
        right: float,
        *,
        is_banded: bool = False,
        months_apart: int = 1,
    ) -> None:
        self._months = list(dict.fromkeys(months))
        self.months_apart = months_apart
        self._first = _count(months[0])
        spans = _count(months[-1]) - self._first
        if is_banded:
            self.step = (right - left) / (spans + 1)
            self._start = left + self.step / 2
        else:
            self.step = (right - left - 24) / max(spans, 1)
            self._start = left + 12

    def x(self, month: date) -> float:
        return self._start + (_count(month) - self._first) * self.step

    def axis(self) -> str:
        each = ceil(62 / self.step) if self.step < 62 else 1
        form = "%Y" if self.months_apart == 12 else "%b %Y"
        parts, last = [], None
        for month in reversed(self._months):
            if last is None or _count(last) - _count(month) >= each:
                last = month
                parts.append(
                    f'<text class="tick" x="{self.x(month):.1f}" y="{HEIGHT - 8}" text-anchor="middle">'
                    f"{month.strftime(form)}</text>"
                )
        return "".join(parts)


def _count(month: date) -> int:
    return month.year * 12 + month.month


def _shaded(bands: Sequence[Band], scale: _Scale, right: float) -> str:
    parts = []
    for band in bands:
        lower = scale.low if band.lower is None else max(float(band.lower), scale.low)
        upper = scale.high if band.upper is None else min(float(band.upper), scale.high)
        if upper <= lower:
            continue
        top, bottom = scale.y(upper), scale.y(lower)
        parts.append(
            f'<rect class="band {escape(band.severity)}" x="{LEFT}" y="{top:.1f}" width="{right - LEFT:.1f}" '
            f'height="{bottom - top:.1f}"/>'
        )
        if bottom - top >= 11:
            parts.append(
                f'<text class="tick" x="{right + 6:.1f}" y="{(top + bottom) / 2 + 4:.1f}">{escape(band.name)}</text>'
            )
    return "".join(parts)


def _grid(scale: _Scale, right: float, on_bands: bool) -> str:
    parts = []
    for tick in scale.ticks:
        y = scale.y(tick)
        kind = "axis" if tick == 0 else "grid faint" if on_bands else "grid"
        parts.append(
            f'<line class="{kind}" x1="{LEFT}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
            f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{scale.words(tick)}</text>'
        )
    return "".join(parts)


def _line(months: Sequence[date], series: Series, x: _Months, scale: _Scale, number: int) -> str:
    runs: list[list[tuple[float, float]]] = [[]]
    before: date | None = None
    for month, value in zip(months, series.values, strict=True):
        if value is None:
            continue
        if before is not None and _count(month) != _count(before) + x.months_apart:
            runs.append([])
        runs[-1].append((x.x(month), scale.y(float(value))))
        before = month
    parts = []
    for run in runs:
        if len(run) > 1:
            points = " ".join(f"{a:.1f},{b:.1f}" for a, b in run)
            parts.append(f'<polyline class="line s{number}" points="{points}"/>')
        parts += [f'<circle class="dot s{number}" cx="{a:.1f}" cy="{b:.1f}" r="3"/>' for a, b in run]
    return "".join(parts)


def _field(months: Sequence[date], lower: Series, upper: Series, x: _Months, scale: _Scale) -> str:
    both = [
        (x.x(month), scale.y(float(low)), scale.y(float(high)))
        for month, low, high in zip(months, lower.values, upper.values, strict=True)
        if low is not None and high is not None
    ]
    corners = [(a, low) for a, low, _ in both] + [(a, high) for a, _, high in reversed(both)]
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon class="between" points="{points}"/>' if len(both) > 1 else ""


def _svg(inside: str, width: int, height: int) -> str:
    """Its words stand beside it as text and in the table beneath, so it is one picture to those who do not see it."""
    return f'<svg viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">{inside}</svg>'
