"""Writes the table and the plot of kept results into docs/performance.md: `python -m bench.page`. Measures nothing.

Results are JSON under bench/results, one file a size, as `python -m bench --keep bench/results` leaves them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import vl_convert

from bench.contenders import CONTENDERS, EVERYTHING, PROJECT, SAME_MARTS
from bench.report import CPU, HEADINGS, number, ratios, table

RESULTS = PROJECT / "bench" / "results"
PAGE = PROJECT / "docs" / "performance.md"
PICTURES = PROJECT / "docs" / "pictures"
BEGIN, END = "<!-- from here python -m bench.page -->", "<!-- to here python -m bench.page -->"
OURS, THEIRS = "#1d70b8", "#505a5f"


def main() -> None:
    written = []
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        picture = PICTURES / f"csv-to-marts-{path.stem}.svg"
        picture.write_text(plot(result), encoding="utf-8")
        written.append(section(result, picture))
    page = PAGE.read_text(encoding="utf-8")
    between = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
    if not between.search(page):
        raise SystemExit(f"{PAGE.name} has no place for results: a line {BEGIN} and a line {END}")
    PAGE.write_text(between.sub(lambda _: "\n".join([BEGIN, *written, END]), page), encoding="utf-8")


def section(result: Mapping[str, Any], picture: Path) -> str:
    size, rounds = result["size"], result["rounds"]
    named = result["machine"]
    lines = [
        f"### {size['name']}: {plural(size['councils'], 'council')}, {plural(size['months'], 'month')}",
        "",
        f"{result['files']:,} files. {len(rounds)} rounds on {named['cores']} cores of {named['processor']}, "
        f"{named['memory']}, {named['system']}, Python {named['python']}, load before {named['load before']}; "
        + ", ".join(f"{name} {named[name]}" for name in named if name in VERSIONED)
        + ".",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---" + "|---:" * (len(HEADINGS) - 1) + "|",
        *("| " + " | ".join(row) + " |" for row in table(result)),
        "",
        *(f"Left out: {name}, for {reason}.\n" for name, reason in result["left_out"].items()),
        f"![{words(result)}]({picture.relative_to(PAGE.parent)})",
        "",
    ]
    return "\n".join(lines)


VERSIONED = ("duckdb", "dbt-core", "dbt-duckdb", "pandas", "polars", "pyspark")


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def words(result: Mapping[str, Any]) -> str:
    """What the plot shows, for whoever does not see it."""
    rounds = result["rounds"]
    shown = ", ".join(
        f"{one.name} {number(median(r[one.name][CPU] for r in rounds))}"
        for one in CONTENDERS
        if one.name in rounds[0]
    )
    return f"Seconds of processor, median: {shown}"


def plot(result: Mapping[str, Any]) -> str:
    """Seconds of processor of each, on a scale of powers of ten, with the least and the most as a line."""
    rounds = result["rounds"]
    drawn = []
    for one in CONTENDERS:
        if one.name in rounds[0]:
            seconds = [each[one.name][CPU] for each in rounds]
            middle = median(ratios(rounds, SAME_MARTS, one.name))
            drawn.append(
                {
                    "name": one.name,
                    "least": min(seconds),
                    "middle": median(seconds),
                    "most": max(seconds),
                    "words": f"{number(median(seconds))} s"
                    + (f" (x {number(middle)})" if one.name not in (EVERYTHING, SAME_MARTS) else ""),
                    "colour": OURS if one.name in (EVERYTHING, SAME_MARTS) else THEIRS,
                }
            )
    order = [one["name"] for one in drawn]
    base = alt.Chart(alt.InlineData(values=drawn)).encode(y=alt.Y("name:N", sort=order, title=None))
    colour = alt.Color("colour:N", scale=None)
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X(
                "least:Q",
                scale=alt.Scale(type="log"),
                title="seconds of processor (in brackets: how many times that the program takes for the same marts)",
            ),
            x2="most:Q",
            color=colour,
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(x="middle:Q", color=colour),
        base.mark_text(dy=-9, fontSize=11).encode(x="middle:Q", text="words:N"),
    ).properties(width=560, height=30 * len(drawn))
    font = "Liberation Sans, Arial, Helvetica, sans-serif"
    configured = chart.configure(font=font, background="#ffffff").configure_axis(labelLimit=220)
    return vl_convert.vegalite_to_svg(configured.to_dict())


if __name__ == "__main__":
    main()
