"""Charts of a paper or a page, drawn to SVG and PNG without a browser. Knows nothing of marts and computes nothing.

Numbers become binary floats here, for their place on the paper only; what is printed beside a mark comes as words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
INK, QUIET = "#0b0c0c", "#505a5f"
BAR, ESTIMATE = "#1d70b8", "#ffffff"
# Tints that black text stays readable on; a band is named in words as well.
TINTS = {"none": "#eef5ee", "info": "#e6f0fa", "warning": "#fff0c2", "breach": "#f8d7d3"}
LINES = ("#1d70b8", "#00703c", "#912b88", "#b10e1e", "#594d00", "#28a197", "#0b0c0c", "#6f72af")
DASHES = ((1, 0), (6, 3), (2, 2), (8, 3, 2, 3), (4, 4), (1, 3), (10, 2), (3, 1))
WIDTH = 560
BARS_WIDTH = WIDTH - 120
LETTER_WIDTH = 6


@dataclass(frozen=True)
class Drawing:
    """One chart as vectors and as a bitmap of twice its size."""

    svg: str
    png: bytes


@dataclass(frozen=True)
class Bar:
    """A bar: what it is of, how long, the words at its end; an estimate is drawn hollow."""

    label: str
    value: Decimal
    words: str
    is_estimate: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of the axis with its name; None is open."""

    lower: Decimal | None
    upper: Decimal | None
    name: str
    severity: str


@dataclass(frozen=True)
class Point:
    month: date
    series: str
    value: Decimal


def bars(
    drawn: Sequence[Bar], axis: str, bands: Sequence[Band] = (), target: tuple[Decimal, str] | None = None
) -> Drawing:
    """Bars lying one under the other, the bands shaded behind them and the target as a line."""
    import altair as alt

    end = _end([float(bar.value) for bar in drawn], [float(b.lower) for b in bands if b.lower is not None])
    order = [bar.label for bar in drawn]
    scale = alt.Scale(domain=[0, end], nice=False)
    height = 22 * len(drawn)
    layers: list[Any] = []
    if bands:
        shaded = [
            {
                "from": float(band.lower or 0),
                "to": min(float(band.upper), end) if band.upper is not None else end,
                "middle": (float(band.lower or 0) + (float(band.upper) if band.upper is not None else end))
                / 2,
                "name": band.name,
                "tint": TINTS.get(band.severity, TINTS["none"]),
            }
            for band in bands
        ]
        behind = alt.Chart(alt.InlineData(values=shaded))
        layers.append(
            behind.mark_rect(stroke="#b1b4b6", strokeWidth=0.5).encode(
                x=alt.X("from:Q", scale=scale), x2="to:Q", color=alt.Color("tint:N", scale=None)
            )
        )
        layers.append(
            behind.mark_text(fontSize=10, color=INK, dy=-8, font=FONT, lineBreak="\n").encode(
                x=alt.X("middle:Q", scale=scale), y=alt.value(0), text="name:N"
            )
        )
    rows = [
        {
            "label": bar.label,
            "value": float(bar.value),
            "words": bar.words,
            "words_at": _clear_of(target, bar, end),
            "fill": ESTIMATE if bar.is_estimate else BAR,
        }
        for bar in drawn
    ]
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(labelLimit=230, ticks=False))
    )
    x = alt.X("value:Q", scale=scale, title=axis)
    layers.append(
        base.mark_bar(height=12, stroke=BAR, strokeWidth=1).encode(x=x, fill=alt.Fill("fill:N", scale=None))
    )
    if target:
        aim = alt.Chart(alt.InlineData(values=[{"target": float(target[0])}]))
        layers.append(
            aim.mark_rule(strokeDash=[5, 3], color=INK, strokeWidth=1.5).encode(
                x=alt.X("target:Q", scale=scale)
            )
        )
    layers.append(
        base.mark_text(align="left", dx=4, color=INK, font=FONT, fontSize=11).encode(
            x=alt.X("words_at:Q", scale=scale, title=axis), text="words:N"
        )
    )
    return _draw(alt.layer(*layers).properties(width=BARS_WIDTH, height=height))


def lines(drawn: Sequence[Point], axis: str) -> Drawing:
    """Lines over months, told apart by colour, dash and a legend; a month without a value breaks a line."""
    import altair as alt

    series = list(dict.fromkeys(point.series for point in drawn))
    rows = [
        {
            "month": f"{point.month:%Y-%m-%dT00:00:00}",
            "value": float(point.value),
            "series": point.series,
            "run": run,
        }
        for point, run in zip(drawn, _runs(drawn), strict=True)
    ]
    span = {point.month for point in drawn}
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "month:T",
            title=None,
            axis=alt.Axis(
                format="%b %Y",
                labelAngle=0,
                grid=False,
                values=[{"year": m.year, "month": m.month, "date": 1} for m in _ticks(sorted(span))],
            ),
        ),
        y=alt.Y("value:Q", title=axis, scale=alt.Scale(zero=True)),
        color=alt.Color(
            "series:N",
            scale=alt.Scale(domain=series, range=[LINES[i % len(LINES)] for i in range(len(series))]),
            legend=alt.Legend(
                title=None, orient="bottom", columns=2, labelLimit=300, symbolType="stroke", symbolSize=300
            ),
        ),
    )
    dash = alt.StrokeDash(
        "series:N",
        scale=alt.Scale(domain=series, range=[list(DASHES[i % len(DASHES)]) for i in range(len(series))]),
        legend=alt.Legend(
            title=None, orient="bottom", columns=2, labelLimit=300, symbolType="stroke", symbolSize=300
        ),
    )
    return _draw(
        alt.layer(
            base.mark_line(strokeWidth=2).encode(strokeDash=dash, detail="run:N"),
            base.mark_circle(size=26, opacity=1),
        ).properties(width=WIDTH, height=230)
    )


def _runs(drawn: Sequence[Point]) -> list[int]:
    """For each point a number that changes where months of its series are missing before it."""
    last: dict[str, tuple[int, int]] = {}
    runs = []
    for point in drawn:
        count = point.month.year * 12 + point.month.month
        before, run = last.get(point.series, (count - 1, 0))
        run += count != before + 1
        last[point.series] = (count, run)
        runs.append(run)
    return runs


def _ticks(months: Sequence[date]) -> Sequence[date]:
    step = -(-len(months) // 7)
    return months[::-1][::step][::-1]


def _end(values: Sequence[float], bounds: Sequence[float]) -> float:
    """Where the axis ends: beyond every bar with room for its words, and beyond the last band's beginning."""
    return max([value * 1.3 for value in values] + [bound * 1.25 for bound in bounds] + [1.0])


def _clear_of(target: tuple[Decimal, str] | None, bar: Bar, end: float) -> float:
    """Where a bar's words begin: at its end, or beyond the target's line where that would run through them."""
    value = float(bar.value)
    if target is None:
        return value
    room = (LETTER_WIDTH * len(bar.words) + 4) * end / BARS_WIDTH
    return float(target[0]) if value <= float(target[0]) < value + room else value


def _draw(chart: Any) -> Drawing:
    import vl_convert

    chart = chart.configure(font=FONT, background="#ffffff").configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=INK,
        titleColor=INK,
        labelFontSize=11,
        titleFontSize=11,
        titleFontWeight="normal",
        gridColor="#e3e5e6",
        domainColor=QUIET,
        tickColor=QUIET,
    ).configure_legend(labelColor=INK, labelFontSize=11)
    spec = chart.to_dict()
    return Drawing(
        svg=vl_convert.vegalite_to_svg(spec),
        png=vl_convert.vegalite_to_png(spec, scale=2),
    )
