"""Writes the tables and plots of kept results into docs/performance.md: `python -m bench.page`. Measures nothing.

Results are JSON under bench/results, one file a size, as `python -m bench --keep bench/results` leaves them; those of
`python -m bench.months --keep bench/results/months/NAME.json`, of `python -m bench.rebuild --keep
bench/results/rebuild` and of `python -m bench.warm --keep bench/results/warm/NAME.json` lie in folders of their own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import vl_convert

from bench import months, rebuild, warm
from bench.contenders import CONTENDERS, EVERYTHING, PROJECT, SAME_MARTS
from bench.report import CPU, HEADINGS, number, ratios, table

RESULTS = PROJECT / "bench" / "results"
PAGE = PROJECT / "docs" / "performance.md"
PICTURES = PROJECT / "docs" / "pictures"
BEGIN, END = "<!-- from here python -m bench.page -->", "<!-- to here python -m bench.page -->"
BEGIN_MONTHS, END_MONTHS = (
    "<!-- from here python -m bench.page, months -->",
    "<!-- to here python -m bench.page, months -->",
)
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
OURS, THEIRS, FAINT, SECOND = "#1d70b8", "#505a5f", "#b1b4b6", "#912b88"


def main() -> None:
    written = []
    for path in sorted(RESULTS.glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        picture = PICTURES / f"csv-to-marts-{path.stem}.svg"
        picture.write_text(plot(result), encoding="utf-8")
        written.append(section(result, picture))
    histories = []
    for path in sorted((RESULTS / "months").glob("*.json")):
        result = json.loads(path.read_text(encoding="utf-8"))
        picture = PICTURES / f"one-more-month-{path.stem}.svg"
        picture.write_text(plot_of_months(result), encoding="utf-8")
        histories.append(section_of_months(result, picture))
    rebuilds = [section_of_rebuild(result) for result in _kept("rebuild")]
    warmed = [section_of_warm(result) for result in _kept("warm")]
    page = PAGE.read_text(encoding="utf-8")
    page = put_between(page, BEGIN, written, END)
    page = put_between(page, BEGIN_MONTHS, histories, END_MONTHS)
    page = put_between(page, *places_of("rebuild", rebuilds))
    PAGE.write_text(put_between(page, *places_of("warm", warmed)), encoding="utf-8")


def _kept(folder: str) -> list[Mapping[str, Any]]:
    """Results by how much they were of."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS / folder).glob("*.json")]
    return sorted(found, key=lambda one: one.get("archive", {}).get("mib", 0))


def places_of(name: str, lines: Sequence[str]) -> tuple[str, Sequence[str], str]:
    return (
        f"<!-- from here python -m bench.page, {name} -->",
        lines,
        f"<!-- to here python -m bench.page, {name} -->",
    )


def put_between(page: str, begin: str, lines: Sequence[str], end: str) -> str:
    """The page with these lines in place of what stood between two others. Stops where it has no such place."""
    between = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not between.search(page):
        raise SystemExit(f"{PAGE.name} has no place for results: a line {begin} and a line {end}")
    return between.sub(lambda _: "\n".join([begin, *lines, end]), page)


def section(result: Mapping[str, Any], picture: Path) -> str:
    size, rounds = result["size"], result["rounds"]
    named = result["machine"]
    lines = [
        f"### {size['name']}: {plural(size['councils'], 'council')}, {plural(size['months'], 'month')}",
        "",
        f"{result['files']:,} files. {measured_on(named, len(rounds))}",
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


def measured_on(named: Mapping[str, Any], rounds: int) -> str:
    """How often, on which machine, and with which versions."""
    return (
        f"{plural(rounds, 'round')} on {named['cores']} cores of {named['processor']}, {named['memory']}, "
        f"{named['system']}, Python {named['python']}, load before {named['load before']}; "
        + ", ".join(f"{name} {named[name]}" for name in named if name in VERSIONED)
        + "."
    )


def section_of_months(result: Mapping[str, Any], picture: Path) -> str:
    """What one more month took on histories of several lengths."""
    counted = len(result["histories"][0]["rounds"])
    lines = [
        f"### One more month: {plural(result['councils'], 'council')}",
        "",
        measured_on(result["machine"], counted),
        "",
        "| " + " | ".join(months.HEADINGS) + " |",
        "|---:|---" + "|---:" * (len(months.HEADINGS) - 2) + "|",
        *("| " + " | ".join(row) + " |" for row in months.table(result)),
        "",
        f"![{words_of_months(result)}]({picture.relative_to(PAGE.parent)})",
        "",
    ]
    return "\n".join(lines)


def section_of_rebuild(result: Mapping[str, Any]) -> str:
    """What a full build from Parquet took beside its floor."""
    size, archive = result["size"], result["archive"]
    made = f", made in {number(archive['wall_seconds'])} s of the clock" if archive["wall_seconds"] else ""
    lines = [
        f"### From Parquet: {plural(size['councils'], 'council')}, {plural(size['months'], 'month')}",
        "",
        f"{archive['rows']:,} rows in {archive['files']:,} files, {archive['mib']:,.0f} MiB{made}.",
        "",
        measured_on(result["machine"], len(result["rounds"])),
        "",
        "| " + " | ".join(rebuild.HEADINGS) + " |",
        "|---" + "|---:" * (len(rebuild.HEADINGS) - 1) + "|",
        *("| " + " | ".join(row) + " |" for row in rebuild.table(result)),
        "",
    ]
    return "\n".join(lines)


def section_of_warm(result: Mapping[str, Any]) -> str:
    """What month after month took in one process."""
    return "\n".join([measured_on(result["machine"], 1), "", warm.words(result), ""])


def words_of_months(result: Mapping[str, Any]) -> str:
    """What the plot shows, for whoever does not see it."""
    shown = "; ".join(f"of {row[0]} months {row[1]} {row[2]}" for row in months.table(result))
    return f"Seconds of processor, median: {shown}"


def plot_of_months(result: Mapping[str, Any]) -> str:
    """Seconds of processor by the length of the history, a line for each way."""
    drawn = [
        {
            "months": one["months"],
            "way": way,
            "seconds": median(each[way][CPU] for each in one["rounds"]),
        }
        for one in result["histories"]
        for way in months.WAYS
        if way in one["rounds"][0]
    ]
    ways = [way for way in months.WAYS if any(one["way"] == way for one in drawn)]
    lengths = sorted({one["months"] for one in result["histories"]})
    chart = (
        alt.Chart(alt.InlineData(values=drawn))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X(
                "months:Q",
                title="months loaded, the last included",
                axis=alt.Axis(values=lengths),
            ),
            y=alt.Y("seconds:Q", title="seconds of processor"),
            color=alt.Color(
                "way:N",
                sort=ways,
                title=None,
                scale=alt.Scale(domain=ways, range=[FAINT, OURS, *[SECOND] * (len(ways) - 3), THEIRS]),
                legend=alt.Legend(orient="top", labelLimit=300),
            ),
        )
        .properties(width=560, height=240)
    )
    configured = chart.configure(font=FONT, background="#ffffff")
    return vl_convert.vegalite_to_svg(configured.to_dict())


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
                scale=alt.Scale(type="log", nice=False, padding=40),
                title="seconds of processor (in brackets: how many times that the program takes for the same marts)",
            ),
            x2="most:Q",
            color=colour,
        ),
        base.mark_point(filled=True, size=80, opacity=1).encode(x="middle:Q", color=colour),
        base.mark_text(dy=-9, fontSize=11).encode(x="middle:Q", text="words:N"),
    ).properties(width=560, height=30 * len(drawn))
    configured = chart.configure(font=FONT, background="#ffffff").configure_axis(labelLimit=220)
    return vl_convert.vegalite_to_svg(configured.to_dict())


if __name__ == "__main__":
    main()
