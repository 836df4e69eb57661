"""A chart small enough for a mail: one figure over a year of months. Knows nothing of marts and computes nothing.

Numbers become binary floats here, for their place on the paper only.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from dagster_project.reports.charts import BAR, FONT, INK, QUIET

WIDTH, HEIGHT, SCALE = 300, 84, 2


@dataclass(frozen=True)
class Tones:
    """The colours of a chart on one ground; `marks` by severity."""

    ground: str
    ink: str
    quiet: str
    line: str
    marks: Mapping[str, str]


LIGHT = Tones("#ffffff", INK, QUIET, BAR, {"breach": "#b10e1e", "warning": "#8a5a00", "info": "#1d70b8"})
DARK = Tones(
    "#17191a",
    "#f3f2f1",
    "#b9bdbf",
    "#6aaee6",
    {"breach": "#ff8a78", "warning": "#e5b93c", "info": "#8fc1ee"},
)
SIDES, LINE = 64, 15
MONTHS = 12
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def year_of_months(
    points: Sequence[tuple[date, Decimal]],
    month: date,
    bounds: Sequence[tuple[Decimal, str]],
    target: tuple[Decimal, str] | None,
    last: str,
    severity: str,
    tones: Tones = LIGHT,
) -> bytes:
    """A PNG, drawn larger than it is shown: the line to `month`, the bounds of its band as lines, the target dashed,
    each with its words, and at its end `last` in the severity's colour. A month without a figure breaks the line.
    """
    import altair as alt
    import vl_convert

    months = [_before(month, back) for back in range(MONTHS - 1, -1, -1)]
    by_month = dict(points)
    run, rows = 0, []
    for place, one in enumerate(months):
        if one in by_month:
            rows.append({"at": place, "value": float(by_month[one]), "run": run})
        else:
            run += 1
    drawn = [row["value"] for row in rows] + [float(bound) for bound, _ in bounds]
    if target:
        drawn.append(float(target[0]))
    low, high = min(drawn), max(drawn)
    margin = (high - low or abs(high) or 1) * 0.14
    y = alt.Y("value:Q", scale=alt.Scale(domain=[low - margin, high + margin], nice=False), axis=None)
    ends = [0, MONTHS - 1]
    names = " : ".join(f"datum.value == {place} ? '{months[place]:%b %Y}'" for place in ends) + " : ''"
    x = alt.X(
        "at:Q",
        scale=alt.Scale(domain=[-0.4, MONTHS - 0.6], nice=False),
        axis=alt.Axis(
            values=list(range(MONTHS)), labelExpr=names, title=None, grid=False, labelOverlap=False
        ),
    )
    mark = tones.marks.get(severity, tones.line)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, y=y)
    layers: list[Any] = [_rule(float(bound), words, mark, (1, 0), y) for bound, words in bounds]
    if target:
        # Where the line ends beside the target, its figure keeps the place and the target's name gives way.
        beside = (
            (float(target[0]) - rows[-1]["value"]) / (high - low + 2 * margin) * HEIGHT if rows else HEIGHT
        )
        away = max(LINE - abs(beside), 0) * (1 if beside <= 0 else -1)
        layers.append(_rule(float(target[0]), target[1], tones.quiet, (4, 3), y, away))
    now = alt.Chart(alt.InlineData(values=[row for row in rows if row["at"] == MONTHS - 1])).encode(x=x, y=y)
    layers += [
        base.mark_line(strokeWidth=2, color=tones.line).encode(detail="run:N"),
        base.mark_circle(size=22, color=tones.line, opacity=1),
        now.mark_circle(size=80, color=mark, opacity=1),
        now.mark_text(align="left", dx=8, color=mark, font=FONT, fontSize=15, fontWeight="bold", text=last),
    ]
    chart = alt.layer(*layers).properties(
        width=WIDTH - SIDES, height=HEIGHT, padding={"left": 6, "right": 12, "top": 8, "bottom": 4}
    )
    chart = chart.configure(font=FONT, background=tones.ground).configure_view(stroke=None)
    chart = chart.configure_axis(
        labelColor=tones.ink, labelFontSize=11, domainColor=tones.quiet, tickColor=tones.quiet, tickSize=3
    )
    return _packed(vl_convert.vegalite_to_png(chart.to_dict(), scale=SCALE))


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of what is shown; more is drawn, for screens that have more."""
    width, height = struct.unpack(">II", png[16:24])
    return round(width / SCALE), round(height / SCALE)


def _packed(png: bytes) -> bytes:
    """The same picture in less than half the bytes: it is drawn to be fast, and a mail is kept for years."""
    kept, pixels = [], b""
    place = len(_SIGNATURE)
    while place < len(png):
        length, kind = struct.unpack(">I4s", png[place : place + 8])
        content = png[place + 8 : place + 8 + length]
        if kind == b"IDAT":
            pixels += content
        elif kind != b"IEND":
            kept.append((kind, content))
        place += length + 12
    chunks = [*kept, (b"IDAT", zlib.compress(zlib.decompress(pixels), 9)), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _rule(value: float, words: str, colour: str, dash: tuple[int, int], y: Any, away: float = 0) -> Any:
    import altair as alt

    base = alt.Chart(alt.InlineData(values=[{"value": value, "words": words}])).encode(y=y)
    line = base.mark_rule(color=colour, strokeDash=list(dash), strokeWidth=1.2)
    # A bound is named before the line and the target behind it, where the line does not run over either.
    is_target = dash != (1, 0)
    label = base.mark_text(
        align="left" if is_target else "right",
        baseline="middle",
        dy=away,
        color=colour,
        font=FONT,
        fontSize=11,
    )
    return line + label.encode(x=alt.value(WIDTH - SIDES + 4 if is_target else -5), text="words:N")


def _before(month: date, months: int) -> date:
    index = month.year * 12 + month.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
